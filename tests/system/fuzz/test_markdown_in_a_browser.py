"""A real browser runs no script of a merged document, whichever renderer made its HTML."""

from pathlib import Path

import pytest

from tests.support.console.browser import chromium, installed
from tests.support.documents.merged import body
from tests.support.documents.rendered import renderings

pytestmark = pytest.mark.skipif(installed() is None, reason="chromium is not installed")

SCRIPT = "<script>document.title = 'pwned'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'pwned'\">"
ATTACK = f"""<table>a|b
-|-
c|d
```
{SCRIPT}
```

<table>a|b
-|-
c|d
~~~
{IMAGE}
~~~

{SCRIPT}

`{SCRIPT}`"""


def title_of(html: str, folder: Path) -> str:
    """The title of a page with ``html`` after its scripts ran."""
    page = folder / "page.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><title>calm</title>{html}")
    dom = chromium(page.as_uri(), "--dump-dom")
    return dom.partition("<title>")[2].partition("</title>")[0]


def test_a_browser_runs_no_script_of_a_merged_page(tmp_path: Path) -> None:
    for rendered in renderings(body(ATTACK)):
        assert title_of(rendered.html, tmp_path) == "calm", rendered.renderer


def test_the_same_page_without_the_merge_runs_its_script(tmp_path: Path) -> None:
    titles = [title_of(rendered.html, tmp_path) for rendered in renderings(ATTACK)]

    assert titles == ["pwned"] * 3
