"""What was learnt about one target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scoring.level import Level
from training.access import WithAccess
from training.evaluation import Evaluation
from training.fitting import FittedModel
from training.leakage import LeakageWarning
from training.split import Split

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TrainedModel:
    """What was learnt about one target.

    Args:
        split: who taught and who judged.
        judgement: of the model fitted on the training part only.
        fitted: the same learner fitted on all mature rows; this one is used.
        gains: of `fitted`, largest first.
        suspected: features that may know what came after, with the reason, that
            nobody has accepted: they keep it from serving.
        accepted: features suspected that a person accepted, with the reason.
        left_out: a sentence about each declared attribute that is not learnt, and
            about dates before fraud was recorded.
        level: how often it happens and how surely that is known; None where it
            happened often enough for metrics to say it.
        access: about the test rows whose customer had access at the moment; None where
            the portfolio records no actions.
    """

    split: Split
    judgement: Evaluation
    fitted: FittedModel
    alarms: tuple[LeakageWarning, ...]
    gains: dict[str, float]
    suspected: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    level: Level | None = None
    access: WithAccess | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the outcomes bear the model out: no gate on its own worth failed."""
        own = [g for g in self.judgement.gates if not g.is_comparison]
        return bool(own) and all(gate.is_passed for gate in own)
