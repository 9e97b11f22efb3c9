"""What makes it impossible to compute a decision again."""

from importlib.metadata import version


class ReplayError(Exception):
    """Base of what makes a replay impossible."""

    code = "replay_error"


class BundleGoneError(ReplayError):
    code = "bundle_gone"

    def __init__(self, bundle_id: str) -> None:
        super().__init__(
            f"the bundle {bundle_id} is no longer on the shelf as it was;"
            " bring bundles/ back from a backup"
        )


class EventsGoneError(ReplayError):
    code = "events_gone"

    def __init__(self) -> None:
        super().__init__(
            "the stored events it was decided on are not there any more, and an earlier"
            " build recorded no features with it: events were erased, or events.sqlite"
            " is of another day than decisions.sqlite"
        )


class OtherFeaturesError(ReplayError):
    code = "other_features"

    def __init__(self) -> None:
        super().__init__(
            "the stored events it was decided on are not there any more, and the"
            " features recorded with it are not those that these models read"
        )


class ReplayDiffersError(ReplayError):
    code = "replay_differs"

    def __init__(self) -> None:
        super().__init__(
            "what was recorded gives another answer now, so its reasons would be those"
            " of another decision; `forbear replay` says where they differ"
        )


class OtherReleaseError(ReplayError):
    code = "other_release"

    def __init__(self, decided_by: str) -> None:
        super().__init__(
            f"decided by forbear {decided_by}, this is {version('forbear')}: to compute"
            f" it again, let {decided_by} restore a backup that it made into another"
            " FORBEAR_HOME (an upgraded store is not for it)"
        )
