"""`/docs`: Swagger UI with the OpenAPI document, all of it from this service.

FastAPI's own page loads its scripts from other hosts, which then know who reads it and
could change what it does with a key that is typed in.
"""

import re
from base64 import b64encode
from hashlib import sha256

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse

ASSETS = "/docs/assets"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def add_api_page(app: FastAPI) -> None:
    """Serve the page at `/docs` and what it loads below it."""
    page = get_swagger_ui_html(
        openapi_url=app.openapi_url or "/openapi.json",
        title=f"{app.title}: API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
    )
    headers = {"Content-Security-Policy": _content_policy(bytes(page.body))}

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page.body, headers=headers)

    assets = StaticFiles(packages=[("fastapi_swagger", "resources")])
    app.mount(ASSETS, assets, "docs assets")


def _content_policy(page: bytes) -> str:
    """Our own files and the page's one script; Swagger UI sets styles on elements."""
    digests = [
        f"'sha256-{b64encode(sha256(script).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    ]
    return (
        f"default-src 'self'; script-src 'self' {' '.join(digests)};"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " frame-ancestors 'none'"
    )
