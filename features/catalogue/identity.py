"""Features from `customers`: who the customer is, how it is verified, since when."""

from features.catalogue.families import (
    BILLING,
    COUNTRY_MISMATCH,
    CREDIT_USE,
    IDENTITY,
    TENURE,
    VERIFICATION,
)
from features.feature import Aggregate, CountryMismatch, Feature, LatestAttribute
from features.feature_rows import Window


def customer(column: str, *, equals: str | None = None) -> LatestAttribute:
    """A column of the latest known version of the customer."""
    return LatestAttribute("customers", column, equals=equals)


IDENTITY_FEATURES: tuple[Feature, ...] = (
    TENURE.feature(
        "customer_age_days",
        customer("created_at"),
        unit="days",
        staff="customer for {value} days",
        why="most fraud comes early; a long account has more to lose",
    ),
    IDENTITY.feature(
        "customer_email_domain_age_days",
        customer("email_domain_age_days"),
        unit="days",
        staff="e-mail domain is {value} days old",
        why="domains registered for one purpose are young",
    ),
    IDENTITY.feature(
        "customer_email_kind",
        customer("email_kind"),
        unit="category",
        staff="e-mail address is {value}",
        why="a business that writes from a free mailbox is harder to hold to account",
    ),
    IDENTITY.feature(
        "customer_email_is_disposable",
        customer("email_kind", equals="disposable"),
        unit="flag",
        staff="e-mail address is disposable",
        customer="The e-mail address on record is a temporary one.",
        why="who means to stay does not sign up with an address that will vanish",
        monotone="increasing",
    ),
    VERIFICATION.feature(
        "customer_email_is_verified",
        customer("is_email_verified"),
        unit="flag",
        staff="e-mail address verified: {value}",
        why="an unverified address may belong to somebody else",
    ),
    VERIFICATION.feature(
        "customer_phone_is_verified",
        customer("is_phone_verified"),
        unit="flag",
        staff="telephone number verified: {value}",
        why="an unverified number may belong to somebody else",
    ),
    VERIFICATION.feature(
        "customer_tax_id_is_valid",
        customer("is_tax_id_valid"),
        unit="flag",
        staff="tax number valid: {value}",
        why="a company without a valid tax number may not be one",
    ),
    COUNTRY_MISMATCH.feature(
        "customer_ip_country_differs",
        CountryMismatch(customer("ip_country"), customer("country")),
        unit="flag",
        staff="signed up from another country than the billing country",
        why="stolen details are used from elsewhere; which country does not matter",
    ),
    IDENTITY.feature(
        "customer_is_trial",
        customer("is_trial"),
        unit="flag",
        staff="on trial: {value}",
        why="trials are cheap to open and to abandon",
    ),
    IDENTITY.feature(
        "customer_subject_kind",
        customer("subject_kind"),
        unit="category",
        staff="legal form: {value}",
        why="companies, sole traders and persons pay in different rhythms",
    ),
    IDENTITY.feature(
        "customer_segment",
        customer("segment"),
        unit="category",
        staff="segment {value}",
        why="segments differ in size and in payment habits",
    ),
    IDENTITY.feature(
        "customer_channel",
        customer("channel"),
        unit="category",
        staff="came by channel {value}",
        why="self-service sign-ups are checked by nobody",
    ),
    BILLING.feature(
        "customer_payment_terms_days",
        customer("payment_terms_days"),
        unit="days",
        staff="payment terms of {value} days",
        customer="The payment terms of the account.",
        why="longer terms mean more money out at a time",
    ),
    BILLING.feature(
        "customer_is_auto_pay",
        customer("is_auto_pay"),
        unit="flag",
        staff="pays automatically: {value}",
        customer="Whether invoices are paid automatically.",
        why="an automatic payment is not forgotten; one switched off is a sign",
    ),
    CREDIT_USE.feature(
        "customer_credit_limit",
        customer("credit_limit"),
        unit="money",
        staff="credit limit {value}",
        customer="The credit limit of the account.",
        why="a limit is somebody's earlier judgement of what they can carry",
    ),
    IDENTITY.feature(
        "customer_changes_30d",
        Aggregate("customers", "count", window=Window(30)),
        unit="count",
        staff="versions of the account details in 30 days: {value}",
        customer="Recent changes of the account details.",
        why="details are changed by those who take an account over",
    ),
)
