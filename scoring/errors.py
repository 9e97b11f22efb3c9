"""What scoring refuses on purpose; HTTP and exit codes are not its business."""


class ScoringError(Exception):
    """Base of the refusals of this room. `code` is stable, the message is not."""

    code = "scoring_error"


class BundleUnreadableError(ScoringError):
    code = "bundle_unreadable"


class BundleHashMismatchError(ScoringError):
    code = "bundle_hash_mismatch"


class FeatureSetMismatchError(ScoringError):
    code = "feature_set_mismatch"


class UnknownFeatureError(ScoringError):
    code = "unknown_feature"


class MatrixShapeError(ScoringError):
    code = "matrix_shape"

    def __init__(self, got: tuple[int, ...], n_features: int) -> None:
        super().__init__(
            f"expected a matrix of shape (n, {n_features}), got {got}: "
            "build it with features.batch.matrix and the bundle's feature set"
        )


class OneClassError(ScoringError):
    code = "one_class"
