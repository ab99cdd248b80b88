"""`/`: the page, whose files `tools/build_page.py` puts beside this module."""

from pathlib import Path

from litestar import MediaType, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router

PAGE_DIR = Path(__file__).parent / "page"
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>surveil</title></head>
<body><p>The page is not built yet. Run <code>python tools/build_page.py</code> in the
project's folder, then start this program again. The HTTP API works without it: see
<a href="/docs">/docs</a>.</p></body></html>"""


def page_route(page_dir: Path = PAGE_DIR) -> Router | HTTPRouteHandler:
    """Serve the page's files, or a sentence saying how to build them."""
    if (page_dir / "index.html").is_file():
        return create_static_files_router(path="/", directories=[page_dir], html_mode=True)

    @get("/", sync_to_thread=False, include_in_schema=False)
    def explain() -> Response[str]:
        return Response(_NOT_BUILT, media_type=MediaType.HTML)

    return explain
