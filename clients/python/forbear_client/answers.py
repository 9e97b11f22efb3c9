"""What the service answers, made from its OpenAPI document by `make docs`.

Moments are ISO 8601 with offset; money is in major units; None is unknown.
"""

from typing import Any, Literal, NotRequired, TypedDict


class AccessAnswer(TypedDict):
    """The latest first."""

    entries: list["AccessRecord"]
    # of the entries before these, null at the end
    next: str | None


class AccessRecord(TypedDict):
    """One thing that was done; a customer is named by a hash of the id."""

    at: str
    # null: a command on the machine itself
    key_id: str | None
    what: str
    subject: str


class AnsweredReason(TypedDict):
    """A family of features that raises the expected loss, with its leading feature."""

    family: str
    # of everything that raises the expected loss, in [0, 1].
    share: float
    # the scores it raises, the one where it weighs most first.
    targets: list[Literal['fraud', 'nonpayment']]
    feature: str
    # of the feature; null is unknown.
    value: float | str | None
    # of the feature; null is unknown.
    typical: float | str | None
    # the sentence for each; the customer's is in `language`.
    staff: str
    # the sentence for each; the customer's is in `language`.
    customer: str


class AppealDue(TypedDict):
    """Until when an open appeal is acknowledged and decided, and what holds till then."""

    acknowledge_by: str
    decide_by: str
    during: str


class BatchAnswer(TypedDict):
    """In the order of the requests."""

    answers: list["ScoredItem"]


class BundleVersion(TypedDict):
    bundle_id: str
    learner: str
    trained_on: str
    feature_set_hash: str
    manifest_sha256: str


class ContractEnd(TypedDict):
    """What follows the end of a contract."""

    # how long the customer may fetch data.
    data_export_until: str
    # when they are deleted.
    data_deleted_on: str | None
    # from then on a person is asked to write off what is left.
    write_off_from: str | None


class Counterfactual(TypedDict):
    """Something that can be done now, and what the same policy answers then."""

    # pay the oldest overdue invoice, all that is overdue, all that is open; promise to
    # pay; pay the oldest and promise the rest; have account details verified; have alerts
    # cleared (which is for the staff to do); both of these. Two at once are named only
    # where they lead to something milder than one.
    kind: Literal['pay_oldest', 'pay_overdue', 'pay_open', 'promise', 'pay_and_promise', 'verification', 'clearance', 'verification_and_clearance']
    # the action recommended then, milder than the one recommended now.
    leads_to: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block']
    # the probabilities then.
    p_nonpayment: float | None
    # the probabilities then.
    p_fraud: float | None
    currency: str
    # to pay or to promise, major units of `currency`.
    amount: NotRequired[float | None]
    # that the amount pays, in the order of their due dates.
    invoices: NotRequired[list[str]]
    # the last day of a promise.
    until: NotRequired[str | None]
    # columns of `customers` that would become true.
    proofs: NotRequired[list[str]]
    # how access comes back, where it is off now.
    reactivation: NotRequired["Reactivation | None"]


class Counterfactuals(TypedDict):
    """The answer to "what would change this?": at most three, by rising effort."""

    code: Literal['found', 'not_needed', 'needs_person', 'nothing_to_simulate', 'no_decision']
    options: NotRequired[list["Counterfactual"]]


class DecisionList(TypedDict):
    """The latest first."""

    decisions: list["DecisionSummary"]
    # send it as `before` for the ones before these; null at the end
    next: str | None


class DecisionSummary(TypedDict):
    """A recorded decision; all of it is at `GET /v1/decisions/{id}`."""

    decision_id: str
    recorded_at: str
    as_of: str
    customer_id: str
    action: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block'] | None


class ErasedCustomer(TypedDict):
    """What was destroyed, and what stays."""

    n_decisions: int
    n_events: int
    # of the entry that says which decisions were erased, and when
    chain_position: int


class EventsAnswer(TypedDict):
    """What became of a batch; durable when it is answered."""

    # of the batch; rises with every batch
    sequence: int
    # rows that keep the contract's rules, `repeated` ones among them
    accepted: int
    # rows that break one
    rejected: int
    # rows, of either kind, that were here before
    repeated: int
    # the rejected rows, the first 1000
    errors: list["RejectedRow"]
    # rows, among the accepted ones, that do not count: they bear a number, or name an
    # invoice, of another customer. Both customers are incomplete until one of the rows is
    # taken back (`retracted`) or dismissed; of at most 100 numbers
    shared: NotRequired[list["SharedRow"]]
    warnings: list[str]


class Explanation(TypedDict):
    """Why it was decided so, and what would change it, as of then."""

    decision_id: str
    language: Literal['en', 'de', 'fr', 'pt-BR']
    reasons: list["AnsweredReason"]
    counterfactuals: "Counterfactuals | None"


class Exposure(TypedDict):
    """Face values in major units of the portfolio's currency; null is unknown."""

    # what is owed was read from: invoices, an ageing report, or neither.
    source: Literal['invoices', 'ageing', 'flat', 'unknown']
    open: float | None
    credit: float | None
    written_off: float | None
    contested: float | None
    in_flight: float | None
    promised: float | None
    overdue: float | None
    actionable: float | None
    # received for invoices that are not known; pays nothing yet.
    unallocated: float | None
    recurring_monthly: float | None
    usage_daily_cost: float | None
    committed: float | None
    clv: float | None
    days_overdue: int | None
    # open invoices and what covers them, the oldest first.
    items: list["Item"]


class FollowUp(TypedDict):
    """What comes after the answer: messages, charges, access that returns, deadlines."""

    # to be sent now.
    notices_due: list["NoticeDue"]
    # our own next charge, where one failed and may be tried again.
    retry_due: "RetryDue | None"
    # why a failed charge is not tried again.
    no_retry: Literal['hard_decline', 'schedule_over', 'charging_stopped', 'on_hold', 'money_under_way'] | None
    # how access that is off comes back.
    reactivation: "Reactivation | None"
    # what a stop does to the provider's bill.
    provider: list["ProviderEffect"]
    # until when a person looks at it again.
    review_by: str | None
    # of a new stop by the fraud path.
    pause: "FraudPause | None"
    # of a block.
    contract_end: "ContractEnd | None"
    # simple interest on what was overdue and not contested, major units; null where the
    # policy charges none or the invoices are unknown.
    interest_accrued: float | None
    # deadlines of an open appeal.
    appeal: "AppealDue | None"
    # until when the policy keeps the record of this decision.
    retain_until: str | None


class FraudPause(TypedDict):
    """What goes with a new stop by the fraud path: neutral words, an end by itself."""

    # what the customer is told.
    wording: str
    # it ends then, unless a person confirms the fraud.
    auto_expires_at: str
    # take no payments meanwhile.
    stop_charging: bool
    # of payments already taken; automation never refunds.
    refund: Literal['never', 'by_a_person']


class HoldInWords(TypedDict):
    """What protects a customer or keeps access off, with its sentence."""

    kind: Literal['dispute', 'promise', 'payment_in_flight', 'exemption', 'instalment_plan', 'legal', 'manual', 'override'] | Literal['nonpayment', 'fraud', 'manual']
    protects: bool
    since: str | None
    until: str | None
    released_by: Literal['automation', 'person', 'team', 'author', 'settlement', 'promised_date', 'dispute_end', 'appeal_decision', 'retry']
    values: NotRequired[dict[str, int | float | str | list[str]]]
    cure: NotRequired[str | None]
    subscription_id: NotRequired[str | None]
    is_beyond_policy: NotRequired[bool]
    sentence: str


class InOwnCurrency(TypedDict):
    """The same sums in the invoice's own currency, as its customer knows them."""

    # ISO 4217.
    currency: str
    # what one unit of it counts for in the portfolio's currency.
    rate: float
    amount: float
    remainder: float
    contested: float
    in_flight: float
    promised: float


class Item(TypedDict):
    """An open invoice, major units; `remainder` less its cover is acted on."""

    invoice_id: str
    due_on: str
    days_overdue: int
    amount: float
    remainder: float
    contested: float
    in_flight: float
    promised: float
    # null where the invoice is in the portfolio's currency.
    in_own_currency: NotRequired["InOwnCurrency | None"]


class NoDecisionInWords(TypedDict):
    """Why there is no decision, with its sentence."""

    code: Literal['not_in_force', 'out_of_scope', 'no_probability', 'incomplete_data', 'unknown_money', 'stale_data']
    values: NotRequired[dict[str, int | float | str | list[str]]]
    sentence: str


class NoticeDue(TypedDict):
    """A notice the policy requires now, before it goes further (or after it acted)."""

    notice: str
    state: str
    channel: str
    languages: list[str]
    send_by: str
    invoices: NotRequired[list[str]]
    is_final_warning: NotRequired[bool]
    fee: NotRequired[float]


class People(TypedDict):
    """Who must agree before anything is done, and who is in charge."""

    # automation may not carry the action out alone.
    requires_person: bool
    # the number of people who must agree.
    approvals: int
    # who may agree.
    approver_roles: list[str]
    # what is not known and therefore leaves a stop to a person.
    because: list[Literal['by_days', 'starter', 'unproven', 'signs_without_model', 'confirmed_fraud', 'assumed_money', 'suspicion']]
    # what automation may do until they have answered.
    meanwhile_action: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block'] | None
    # who is in charge of the case.
    owner: str | None


class PermissionInWords(TypedDict):
    """What the policy permits and why not more, each reason with its sentence."""

    # the target on which the action stands; null without an action.
    basis: Literal['fraud', 'nonpayment'] | None
    # the action was carried out already and simply goes on.
    in_force: bool
    # the rule that made the action harsher than the proposal.
    raised_by: Literal['first_invoice', 'confirmed_fraud', 'linked_frauds', 'notice_required', 'long_promise', 'late_dispute', 'left_to_a_person', 'hysteresis', 'holdout'] | None
    # why the action is milder than the proposal.
    withheld: list["WithheldInWords"]
    # when the proposal would be permitted if nothing else changed; null where it waits
    # for somebody.
    permitted_from: str | None
    # reasons not to act, and reasons why access is off.
    holds: list["HoldInWords"]
    # where the customer stands on the policy's ladder.
    ladder_state: str | None
    # what the customer may not do meanwhile.
    restrict: list[str]
    # the measure that saves most beside the action; empty: none.
    measures: list["RecommendedMeasure"]
    # those that stand already: they are not recommended again, and what they avoid is not
    # saved twice.
    measures_in_force: list[Literal['restrict', 'limit_spending', 'stop_meter', 'stop_charging', 'prepayment']]
    # the ones a stop for non-payment touches, or a service request about it; empty: all.
    subscriptions: list[str]
    # of the randomised share: greedy (none), explore or holdout.
    arm: Literal['greedy', 'explore', 'holdout']
    # probability of this action over the arms, in (0, 1].
    propensity: float


class PolicyInForce(TypedDict):
    """Which policy decides here."""

    # name@version
    reference: str
    # of its content, as decisions record it
    hash: str
    # of the file, as `forbear policy history` shows it; another where its money is
    # counted in the currency of the portfolio
    file_hash: str
    # published: in the store, the same for every service on it; file: of FORBEAR_POLICY;
    # shipped
    origin: Literal['published', 'file', 'shipped']


class Problem(TypedDict):
    """RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: NotRequired[list["RowProblem"] | None]


class Proposal(TypedDict):
    """What money and probabilities say, before the policy permits or withholds."""

    # the one of least expected cost, or what thresholds or days propose.
    action: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block']
    # the exclusive probabilities that were weighed.
    states: "States"
    # the money that was weighed, at cost; at the customer's prices where the policy
    # states no `costs`.
    stake: "Stake"
    # of every action, major units; null where costs do not decide.
    expected_cost: dict[str, float] | None
    # share of the draws of uncertain costs that agree, in [0, 1].
    stability: float | None
    # too few agree, so that a milder action stands.
    is_close_call: bool


class ProviderEffect(TypedDict):
    """What taking access away does to the provider's bill of one subscription."""

    subscription_id: str
    product: str | None
    share_stopped: float
    instead: str | None
    cancel_until: NotRequired[str | None]


class Question(TypedDict):
    """By which policy it was decided, and on how much knowledge."""

    # name and version of the policy file.
    policy: str
    # of what it says beyond the defaults, whatever its layout.
    policy_hash: str
    # how actions were proposed: by cost, by typed thresholds, or by the days of the
    # ladder (`timeline`), also where neither probability nor cost is known.
    mode: Literal['cost', 'thresholds', 'timeline']
    # of every amount here and in the policy.
    currency: str
    # within which the policy's costs fall.
    horizon_days: int
    # the base of budgets stated as a share; null: they did not count.
    n_customers: int | None
    # what was not known: `tables.NAME`, `money.NAME`, `p_fraud`, `p_nonpayment`.
    missing: list[str]
    # the money that the data do not say and that is assumed.
    assumed: list[str]


class Reactivation(TypedDict):
    """Every reason for which access is off is cured: access comes back."""

    reasons: list[str]
    cure: str
    by: str
    restore_by: str
    bill_suspended_period: str
    fee_cap: float
    fee: NotRequired[float | None]
    order: NotRequired[str]


class Readiness(TypedDict):
    """Ready to score; and whether somebody should look."""

    status: Literal['ready']
    # the kill switch is on
    is_stopped: bool
    # the clock of monitoring that stopped automation, until a person releases it
    alarm: Literal['inputs', 'scores', 'early_outcomes', 'mature_outcomes'] | None
    # code of what is wrong with the newest champion or policy; the ones before it stay in
    # force
    not_taken_up: str | None
    policy: "PolicyInForce"
    # the base of budgets stated as a share; null: they do not count
    n_customers: int | None
    n_customers_from: Literal['setting', 'training'] | None
    # what gives the probability of each target
    models: dict[str, Literal['champion', 'starter']]
    # what was compiled at installation; without them the same answers take longer
    kernels: list[Literal['contributions', 'rows', 'features']]


class RecommendedMeasure(TypedDict):
    """A step beside the action, milder than a suspension."""

    # which.
    measure: Literal['restrict', 'limit_spending', 'stop_meter', 'stop_charging', 'prepayment']
    # the target on which it stands.
    basis: Literal['fraud', 'nonpayment']
    # what it saves beside the action, expected, major units.
    net_gain: float
    # of limit_spending: a month, in the currency that the provider bills in.
    limit: float | None
    # people who must agree.
    approvals: int


class RejectedRow(TypedDict):
    """A row that was not accepted; rows count from 0."""

    table: str
    row: int
    column: str
    rule: str
    message: str
    pointer: str
    # names the row where a person dismisses it; null where it was not kept, because
    # nobody can say whose it is
    reject_id: str | None


class RetryDue(TypedDict):
    """The next charge of our own after a soft decline; `attempt` counts all so far."""

    at: str
    invoices: list[str]
    method: str
    attempt: int


class RowProblem(TypedDict):
    """One place that is wrong; rows count from 0."""

    pointer: str
    rule: str
    table: NotRequired[str | None]
    row: NotRequired[int | None]
    column: NotRequired[str | None]
    message: NotRequired[str | None]


class Score(TypedDict):
    """A calibrated probability within its horizon, and how it is shown."""

    # in [0, 1]; null without a model.
    probability: float | None
    # within which it would happen.
    horizon_days: int | None
    # where it comes from; starter: a model that has seen no outcome of this portfolio, so
    # that a stop that rests on it waits for a person; none for fraud: it rests on signs
    # alone.
    model: Literal['champion', 'starter', 'none']
    # a display; they never decide.
    points: int | None
    # a display; they never decide.
    band: str | None
    # from each probability on, that action costs least for this customer, the other
    # target's probability held fixed; empty where costs do not decide.
    thresholds: list["Threshold"]


class ScoreAnswer(TypedDict):
    """One recorded decision about one customer, good until `expires_at`."""

    decision_id: str
    recorded_at: str
    customer_id: str
    as_of: str
    # of the sentences
    language: Literal['en', 'de', 'fr', 'pt-BR']
    # recommended: the least-cost one the policy permits
    action: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block'] | None
    # why there is no action and no proposal
    no_decision: "NoDecisionInWords | None"
    # ask again; a decision never outlives its data
    expires_at: str
    scores: "Scores"
    exposure: "Exposure"
    question: "Question"
    proposal: "Proposal | None"
    permission: "PermissionInWords"
    people: "People"
    follow_up: "FollowUp"
    # at most four, by share; null where `action` is none and the request did not ask for
    # them
    reasons: list["AnsweredReason"] | None
    # what would change the action, by asking again with one thing more; null when the
    # request did not ask for it
    counterfactuals: "Counterfactuals | None"
    # what is odd in the request, by code
    warnings: list[str]
    versions: "Versions"


class ScoredItem(TypedDict):
    """One answer of many: a decision, or the problem a single request would get."""

    # null where the request names none
    customer_id: str | None
    # as of a single request: 200 with a decision
    status: int
    decision: NotRequired["ScoreAnswer | None"]
    problem: NotRequired["Problem | None"]


class Scores(TypedDict):
    """Both targets."""

    fraud: "Score"
    nonpayment: "Score"


class SharedRow(TypedDict):
    """A row that is kept and does not count, for its number is another customer's."""

    table: str
    customer_id: str
    column: str
    rule: str
    message: str
    # names the row where a person dismisses it
    reject_id: str


class Stake(TypedDict):
    """Money at stake in major units of the policy's currency."""

    open: float | None
    clv: float
    open_cost: float
    run_up_cost: float
    stoppable: float
    avoided_nonpayment: NotRequired[float]
    avoided_fraud: NotRequired[float]
    avoided_fees: NotRequired[float]


class States(TypedDict):
    """Exclusive probabilities; they sum to 1."""

    fraud: float
    nonpayment_only: float
    good: float


class Threshold(TypedDict):
    """From `probability` on, `action` costs least (until the next threshold)."""

    action: Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block']
    probability: float


class Timeline(TypedDict):
    """The latest first."""

    customer_id: str
    entries: list["TimelineEntry"]
    # send it as `before` for what comes after these; null at the end
    next: str | None


class TimelineEntry(TypedDict):
    """A row as it was sent, or a decision."""

    # when it happened, or for when it was decided; null where a rejected row does not say
    # it in a form that can be read
    at: str | None
    # of a row; null of a decision
    table: str | None
    row: NotRequired[dict[str, Any] | None]
    # the row breaks a rule and counts in nothing
    is_rejected: bool
    # of a rejected row, to dismiss it
    reject_id: str | None
    decision: NotRequired["DecisionSummary | None"]


class Versions(TypedDict):
    """Software, models and settings; the policy is named in `question`."""

    forbear: str
    bundles: dict[str, "BundleVersion"]
    # of the service's settings file; null without one
    settings_hash: NotRequired[str | None]


class WithheldInWords(TypedDict):
    """Why an action is withheld, with its sentence."""

    code: str
    actions: list[Literal['none', 'remind', 'review', 'service_request', 'suspend', 'block']]
    detail: NotRequired[str | None]
    values: NotRequired[dict[str, int | float | str | list[str]]]
    permitted_from: NotRequired[str | None]
    released_by: NotRequired[Literal['automation', 'person', 'team', 'author', 'settlement', 'promised_date', 'dispute_end', 'appeal_decision', 'retry'] | None]
    sentence: str
