"""Make the pictures in docs/images from the demo: the page on a desktop and on a phone, the protocol, and the terminal.

The demo is told by the real commands, and a real Chromium (tests/support/chromium.py) looks at what they wrote. Run it
with the project's own Python when the look or a text has changed: make pictures.
"""

import base64
import io
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from handover.render import terminal
from handover.report import Report
from handover.workflow.rounds import read_differences

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

from support.chromium import Browser, Page, chromium  # noqa: E402 -- it is found only now

#: The round of the demo, and the command whose output is shown; how much of it.
ROUND = Path("acme-shop", "rounds", "0001")
COMMAND = "handover run acme-shop"
COLUMNS, LINES = 92, 46
#: Sizes in CSS pixels; phones have more dots for each.
DESKTOP, PHONE = (1000, 1010), (390, 844)


def demo(folder: Path) -> str:
    """Tell the demo's story in a new folder, and return what its run shows on a terminal, with the colours."""
    subprocess.run([sys.executable, "-m", "handover", "demo", folder], check=True, capture_output=True)
    bundle = folder / ROUND
    report = Report.from_bytes((bundle / "report.json").read_bytes(), where="report.json")
    differences = partial(read_differences, bundle)
    return terminal.render(report, differences, folder=ROUND, width=COLUMNS, color=True)


def screen(text: str) -> str:
    """Return a page with a terminal that shows the first lines of a text; its letters are those of this machine."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(f"$ {COMMAND}\n", highlight=False, markup=False)
    console.print(Text.from_ansi("\n".join(text.splitlines()[:LINES])))
    drawn = console.export_svg(title="handover")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    return f"<!doctype html><meta charset=utf-8><style>body{{margin:0}}svg{{display:block;width:1000px}}</style>{drawn}"


def clip(page: Page, y: float, size: tuple[int, int]) -> bytes:
    """Return a part of a page as PNG."""
    page.ask("Page.bringToFront")  # what lies behind another page is not drawn
    place = {"x": 0, "y": y, "width": size[0], "height": size[1], "scale": 1}
    answer = page.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=place)
    return base64.b64decode(answer["data"])


def desktop(browser: Browser, report: Path) -> bytes:
    """Return the first screen of a desktop."""
    return clip(browser.page(report, width=DESKTOP[0], height=DESKTOP[1]), 0, DESKTOP)


def phone(browser: Browser, report: Path, folder: Path) -> bytes:
    """Return three screens of a phone side by side: the verdict, the picture of what arrived, and the names."""
    page = browser.page(report, width=PHONE[0], height=PHONE[1], scale=2)
    places = [
        page.js(f"document.querySelector('{what}').getBoundingClientRect().top + scrollY - 12")
        for what in (".map.tall", "#names")
    ]
    shots = [clip(page, y, PHONE) for y in (0, *places)]
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    style = "body{margin:0;padding:20px;display:flex;gap:20px;background:#5b6570}img{width:390px;border-radius:18px}"
    beside = folder / "phone.html"
    beside.write_text(f"<!doctype html><meta charset=utf-8><style>{style}</style>{images}")
    width = 3 * PHONE[0] + 4 * 20
    return clip(browser.page(beside, width=width, height=PHONE[1] + 40), 0, (width, PHONE[1] + 40))


def protocol(document: Path) -> bytes:
    """Return the first page of a PDF, drawn by poppler."""
    words = ("pdftoppm", "-r", "96", "-png", "-singlefile", "-f", "1", "-l", "1", document)
    return subprocess.run(words, check=True, capture_output=True).stdout


def main() -> int:
    """Write all pictures."""
    with tempfile.TemporaryDirectory() as name, chromium(Path(name, "profile")) as browser:
        folder = Path(name)
        told = demo(folder / "demo")
        report = folder / "demo" / ROUND / "report.en.html"
        drawn = folder / "terminal.html"
        drawn.write_text(screen(told), encoding="utf-8")
        shown = browser.page(drawn, width=1000, height=900)
        height = int(shown.js("document.documentElement.scrollHeight"))
        pictures = {
            "report.png": desktop(browser, report),
            "report-phone.png": phone(browser, report, folder),
            "protocol.png": protocol(report.with_suffix(".pdf")),
            "terminal.png": clip(shown, 0, (1000, height)),
        }
    for picture, raw in pictures.items():
        (IMAGES / picture).write_bytes(raw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
