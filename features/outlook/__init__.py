"""What will be possible with a portfolio, question by question."""

from features.outlook.outlook import outlook
from features.outlook.outlook_answer import OutlookAnswer

__all__ = ["OutlookAnswer", "outlook"]
