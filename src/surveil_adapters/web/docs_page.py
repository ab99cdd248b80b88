"""`/docs`: the HTTP API in plain HTML, from its OpenAPI description.

The usual viewers load their scripts from a content network; a Pi may have no Internet,
and our pages load nothing from outside. The description itself is `/docs/openapi.json`.
"""

from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

_METHODS = ("get", "post", "put", "delete")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>{title}</h1><p>{description}</p>
<p>The whole description: <a href="/docs/openapi.json">OpenAPI</a></p>
{operations}</body></html>"""


def docs_config() -> OpenAPIConfig:
    """Describe the API and where its description is served."""
    return OpenAPIConfig(
        title="surveil HTTP API",
        version="1",
        description="Alerts are pushed over Socket.IO, events named motion_detected and "
        "button_pressed; everything else is here.",
        path="/docs",
        render_plugins=[_PlainPage(path="/"), JsonRenderPlugin(path="/openapi.json")],
    )


class _PlainPage(OpenAPIRenderPlugin):
    """Lists the operations, with their parameters and answers."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Write the page."""
        info = openapi_schema["info"]
        operations = (
            _operation(method, path, item[method])
            for path, item in sorted(openapi_schema["paths"].items())
            for method in _METHODS
            if method in item
        )
        return _PAGE.format(
            title=escape(info["title"]),
            description=escape(info["description"]),
            operations="\n".join(operations),
        ).encode()


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<li><code>{escape(parameter['name'])}</code> {escape(parameter.get('description', ''))}"
        for parameter in operation.get("parameters", ())
    )
    answers = "".join(
        f"<li><code>{escape(str(status))}</code> {escape(answer.get('description', ''))}"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('summary', ''))}. {escape(operation.get('description', ''))}</p>"
        f"<ul>{parameters}</ul><p>Answers:</p><ul>{answers}</ul>"
    )
