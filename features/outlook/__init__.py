"""What will be possible with a portfolio, question by question."""

from features.outlook.outlook import outlook
from features.outlook.prospect import Prospect

__all__ = ["Prospect", "outlook"]
