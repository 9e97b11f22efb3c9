"""The collections policy that customers read, from the same values that decide."""

from wording.publication.publication import FORMATS, Format, UnknownFormatError, publish

__all__ = ["FORMATS", "Format", "UnknownFormatError", "publish"]
