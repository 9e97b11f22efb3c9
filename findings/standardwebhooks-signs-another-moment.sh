#!/bin/sh
# standardwebhooks 1.1.0: a moment in another zone is signed as if it were UTC.
#
# sign() takes the moment of the attempt as an aware datetime. A good engineer passes
# whichever zone the program works in: an aware datetime names one moment, and every
# library that asks for one converts it. Here the zone is replaced, not converted: noon
# in Brussels is signed as noon UTC, an hour or two later. The receiver, who is given the
# right moment in the header, then refuses the message as not signed, and every retry of
# it; with a naive datetime the result is the same as with UTC.
#
# Seen with Python 3.11 on 2026-11-28:
#   utc = brussels: False | utc = same clock, any zone: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
"$folder/venv/bin/python" - <<'PYTHON'
from base64 import b64encode
from datetime import datetime, timedelta, timezone

from standardwebhooks.webhooks import Webhook

webhook = Webhook(b64encode(b"a key of the example").decode())
utc = datetime(2026, 11, 28, 11, 0, tzinfo=timezone.utc)
brussels = utc.astimezone(timezone(timedelta(hours=1)))
assert utc == brussels
signatures = [
    webhook.sign("msg_1", moment, '{"a":1}')
    for moment in (utc, brussels, brussels.replace(hour=11))
]
same_moment = signatures[0] == signatures[1]
same_clock = signatures[0] == signatures[2]
print(f"utc = brussels: {same_moment} | utc = same clock, any zone: {same_clock}")
assert not same_moment, "changed"
assert same_clock, "changed"
PYTHON
