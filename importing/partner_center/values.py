"""What Partner Center's words mean in the contract, in lower case and without signs.

Sources: Microsoft's pages on charge types of reconciliation files, on fraud events and
audit records of the Partner Center API, and on security alerts of Microsoft Graph.
"""

from importing.source import ValueMap

OPENED, RENEWED, CYCLE = "opened", "renewed", "cycle"
CHANGED, CANCELLED, CREDIT = "changed", "cancelled", "credit"
CHARGES = {
    "new": OPENED,
    "purchase": OPENED,
    "trialconversion": OPENED,
    "renew": RENEWED,
    "cyclecharge": CYCLE,
    "cyclefee": CYCLE,
    "addquantity": CHANGED,
    "removequantity": CHANGED,
    "movequantity": CHANGED,
    "convert": CHANGED,
    "cancel": CANCELLED,
    "cancelimmediate": CANCELLED,
    "refund": CANCELLED,
    "customercredit": CREDIT,
    "partnercredit": CREDIT,
    "creditnote": CREDIT,
    "onetimerefund": CREDIT,
    "offsetalineitem": CREDIT,
}
STATES = {
    "active": "live",
    "suspended": "live",  # billed on; who took access away stands in audit records
    "pending": "live",
    "deleted": "ended",
    "expired": "ended",
    "disabled": "ended",
    "canceled": "ended",
    "cancelled": "ended",
    "none": None,
}
ALERTS = {
    "networkconnectionstocryptominingpools": "crypto_mining",
    "usageanomalydetection": "spend_anomaly",
    "multiregionmachinelearningusageanomaly": "spend_anomaly",
    "virtualmachinedeploymentanomaly": "vm_anomaly",
    "multiregionvirtualmachinescalesetdeploymentanomaly": "vm_anomaly",
    "servicehealthsecurityadvisory": "security_advisory",
}
ALERT_STATES = {
    "active": "active",
    "investigating": "investigating",
    "resolved": "resolved",
    "unknownfuturevalue": None,
}
SEVERITIES = {
    "informational": "informational",  # the contract's list is open here
    "low": "low",
    "medium": "medium",
    "high": "high",
    "unknownfuturevalue": None,
}
CONFIDENCES = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "unknownfuturevalue": None,
}
REASONS = {
    "fraud": "fraud",
    "legitimate": "legitimate",
    "ignore": "ignore",
    "none": None,
    "unknownfuturevalue": None,
}
_SILENT = """
    add_application_credential convert_trial_subscription create_agreement
    create_customer_user create_mpn_association create_order create_partner_relationship
    create_partner_user create_referral create_related_referral
    create_self_serve_policy create_transfer dap_admin_relationship_approved
    dap_admin_relationship_terminated delete_customer delete_customer_user
    delete_self_serve_policy delete_tip_customer extend_relationship
    get_software_download_link get_software_key ready_invoice register_application
    remove_application_credential remove_partner_customer_relationship
    remove_partner_relationship restore_customer_user unregister_application
    update_customer_billing_profile update_customer_partner_contract_company_name
    update_customer_qualification update_customer_spending_budget update_customer_user
    update_customer_user_licenses update_customer_user_principal_name
    update_mpn_association update_order update_partner_user update_referral
    update_related_referral update_self_serve_policy update_sfb_customer_user_licenses
    update_subscription update_transfer upgrade_subscription
"""
OPERATIONS = dict.fromkeys(_SILENT.split()) | {
    "add_customer": "sign_up",
    "reset_customer_user_password": "password_reset",
    "add_user_member": "role_changed",
    "remove_user_member": "role_changed",
    "increase_spending_limit": "quota_requested",
}

MAPS = (
    ValueMap(
        name="charge_kind", view="license", column="charge_type", meanings=CHARGES
    ),
    ValueMap(
        name="subscription_state", view="contract", column="status", meanings=STATES
    ),
    ValueMap(name="alert_kind", view="alert", column="alert_type", meanings=ALERTS),
    ValueMap(name="alert_state", view="alert", column="status", meanings=ALERT_STATES),
    ValueMap(
        name="alert_severity", view="alert", column="severity", meanings=SEVERITIES
    ),
    ValueMap(
        name="alert_confidence", view="alert", column="confidence", meanings=CONFIDENCES
    ),
    ValueMap(name="alert_end", view="alert", column="reason", meanings=REASONS),
    ValueMap(name="access_kind", view="audit", column="operation", meanings=OPERATIONS),
)
