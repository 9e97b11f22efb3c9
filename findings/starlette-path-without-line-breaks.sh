#!/bin/sh
# Starlette 1.10.0: a `{name:path}` takes every path but one with a line break.
#
# The documentation says of this convertor that it matches the rest of the path,
# slashes included. A good engineer takes it for ids that other systems chose, quotes
# them, and trusts that whatever was quoted arrives. An id that ends with a line break,
# as a careless export of text lines gives, is %0A in the address; the pattern behind
# the convertor is `.*`, which stops there, and the answer is 404 as if there were no
# such route. A carriage return, a blank or a slash arrive. The same for `{name}`: there
# a line break within the id arrives, for the pattern is `[^/]+`.
# Register a convertor of your own with regex "(?s:.+)".
#
# Seen with Python 3.11 on 2026-11-30:
#   path: a/b 200, a%0D 200, a%0Ab 404 | plain: a%0Ab 200 | own convertor: a%0Ab 200
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check starlette==1.10.0 httpx==0.28.1
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import httpx
from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


class Anything(StringConvertor):
    regex = "(?s:.+)"


async def told(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["name"])


register_url_convertor("any", Anything())
kinds = {"path": "{name:path}", "plain": "{name}", "own": "{name:any}"}
app = Starlette(routes=[Route(f"/{kind}/{part}", told) for kind, part in kinds.items()])


async def ask() -> dict[str, int]:
    transport = httpx.ASGITransport(app=app)
    asked = ("path/a/b", "path/a%0D", "path/a%0Ab", "plain/a%0Ab", "own/a%0Ab")
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return {one: (await client.get(f"/{one}")).status_code for one in asked}


seen = asyncio.run(ask())
print(
    f"path: a/b {seen['path/a/b']}, a%0D {seen['path/a%0D']}, a%0Ab {seen['path/a%0Ab']}"
    f" | plain: a%0Ab {seen['plain/a%0Ab']} | own convertor: a%0Ab {seen['own/a%0Ab']}"
)
assert list(seen.values()) == [200, 200, 404, 200, 200], "changed"
PYTHON
