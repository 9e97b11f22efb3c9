"""What was learnt about one target."""

from collections.abc import Callable
from dataclasses import dataclass

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
    """

    split: Split
    judgement: Evaluation
    fitted: FittedModel
    alarms: tuple[LeakageWarning, ...]
    gains: dict[str, float]

    @property
    def is_proven(self) -> bool:
        """Whether the outcomes bear the model out: no gate on its own worth failed."""
        own = [g for g in self.judgement.gates if not g.is_comparison]
        return bool(own) and all(gate.is_passed for gate in own)
