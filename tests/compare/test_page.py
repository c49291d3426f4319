"""The page: complete in itself, with every figure, nothing unescaped, and seen in a browser."""

import json
import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser

import pytest

from latimer.compare.figures import p_value, quantity, signed
from latimer.compare.page.chart import nice_ticks
from latimer.compare.page.coloured import marked
from latimer.compare.page.document import page
from latimer.compare.report import Question, compare
from latimer.compare.statistics import Draws
from latimer.compare.words import Training, training_counts
from latimer.model.config import Languages
from latimer.text.glossary import Glossary
from made_outputs import system
from made_systems import corpus

VOID = {"meta", "link", "br"}
LONG = "a-name-of-a-system-that-is-far-too-long-for-any-column-of-a-table-on-a-small-screen"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


def report(systems=3, sentences=40):
    first, second, references = corpus(sentences, (0.3, 0.2), 1)
    first[3] = "<script>alert(1)</script> & {name} " + "lumo" * 60
    texts = [first, second, *(corpus(sentences, (0.3, 0.2 + k / 50), 1)[1] for k in range(9))]
    made = [system(f"s{k}", text) for k, text in enumerate(texts[: systems - 1])]
    made.append(system(LONG, second, first))
    question = Question(
        metrics=("bleu", "chrf", "ter"),
        draws=Draws(50, 60),
        languages=Languages(source="en", target="de"),
        training=Training("train.de", training_counts(references[:20])),
        glossary=Glossary.of({"lumo": "lumo"}),
    )
    return compare(references, references, made, question)


class Reader(HTMLParser):
    """Checks that elements are nested, and collects attributes and text."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *one) for one in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *one) for one in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text.append(data)


@pytest.fixture(scope="module")
def found():
    return report()


@pytest.fixture(scope="module")
def html(found):
    return page(found, "test <set>")


@pytest.fixture(scope="module")
def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_nothing_is_asked_for_from_anywhere(html, read):
    places = [(name, value) for _, name, value in read.attributes
              if name in {"src", "href", "srcset", "action", "poster", "data"}]  # fmt: skip
    assert places
    assert all(value.startswith(("#", "data:")) for _, value in places)
    assert not re.search(r"url\(|@import|<script|http", html)
    links = {value[1:] for name, value in places if name == "href" and value.startswith("#")}
    assert links == set(read.ids)


def test_texts_are_escaped(html, read):
    assert "<script" not in html
    assert "<script>alert(1)</script>" in "".join(read.text)
    assert "<title>Comparison: test &lt;set&gt;</title>" in html


def test_every_section_and_figure_is_there(found, read):
    text = "".join(read.text)
    titles = ("Systems", "Differences", "Length of the source", "Rare and frequent words",
              "Placeholders, numbers, terms", "N-grams gained and lost", "Sentences")  # fmt: skip
    assert all(title in text for title in titles)
    for row in found.systems:
        assert row.name in text
        assert all(f"{score.value:.1f}" in text for score in row.scores.values())
    for pair in found.pairs:
        assert signed(pair.difference) in text
    assert "leave out the variance of training" in text
    assert "mean of 2" in text
    assert all(signature in text for signature in found.signatures.values())
    samples = found.closer.samples
    assert len(samples.differing) == len(samples.random) == 20
    assert all(one.source in text for one in (*samples.differing, *samples.random))


def test_a_single_system_has_no_pairs():
    found = compare(["a b"], ["a b"], [system("one", ["a b"])], Question(draws=Draws(5, 5)))
    text = page(found, "x")
    assert "Differences" not in text
    assert "N-grams" not in text
    assert "BLEU by length" in text


def test_figures_by_hand():
    assert [signed(value) for value in (1.234, -1.234, -0.004, 0.0)] == [
        "+1.23", "−1.23", "0.00", "0.00"
    ]  # fmt: skip
    assert [p_value(value) for value in (0.0004, 0.0123, 1.0)] == ["<.001", ".012", "1.000"]
    assert [quantity(value) for value in (None, 1234.5, 12.34, 2.0, 0.0)] == [
        "–", "1,234", "12.3", "2.00", "0.0"
    ]  # fmt: skip


def test_words_are_marked_by_hand():
    """Both have "the"; the first alone has "cat", the second "sat"; "a" and "dog" are wrong."""
    first, second = marked("the cat sat.", ("the cat a.", "the dog sat."))
    assert first.html == "<span>the <ins>cat</ins> <mark>a</mark>.</span>"
    assert second.html == "<span>the <mark>dog</mark> <ins>sat</ins>.</span>"


def test_neighbours_are_marked_together_and_nothing_is_lost():
    texts = "  x  y, z < & é", ""
    first, second = marked("q", texts)
    assert re.sub(r"<[^>]*>", "", first.html) == escape(texts[0])
    assert first.html.count("<mark>") == 1
    assert second.html == "<span></span>"
    japanese, _ = marked("門を開け", ("門を閉め", ""), "ja")
    assert japanese.html == "<span><ins>門を</ins><mark>閉め</mark></span>"


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([3.0, 47.0], [0, 10, 20, 30, 40, 50]),
        ([28.0, 29.0], [28, 28.2, 28.4, 28.6, 28.8, 29]),
        ([0.0, 0.0], None),
        ([], None),
        ([12.0], None),
    ],
)
def test_axes_have_round_numbers_that_enclose_the_values(values, ticks):
    found = nice_ticks(values)
    assert ticks is None or found == ticks
    assert len(found) >= 2
    assert not values or found[0] <= min(values) <= max(values) <= found[-1]


def browse(folder, content, *options):
    """The document that a browser makes of a page; no name of a host can be resolved."""
    (folder / "page.html").write_text(content, encoding="utf-8")
    run = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900", *options,
            "--dump-dom", f"file://{folder / 'page.html'}",
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return run.stdout


MEASURE = """
<script>
function measure(frame) {
  const inside = frame.contentDocument, width = inside.documentElement.clientWidth;
  const out = [], labels = [];
  for (const one of inside.querySelectorAll("body *")) {
    if (one.closest(".frame") && !one.matches(".frame")) continue;
    const box = one.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1)) out.push(one.className);
  }
  for (const chart of inside.querySelectorAll("svg.chart")) {
    const boxes = [...chart.querySelectorAll("text")].map(t => t.getBoundingClientRect());
    boxes.filter(b => b.width).forEach((a, i) => boxes.slice(i + 1).forEach(b => {
      if (b.width && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        labels.push(chart.className.baseVal);
    }));
  }
  return {
    width, out, labels,
    scroll: inside.documentElement.scrollWidth,
    resources: frame.contentWindow.performance.getEntriesByType("resource").length,
    ground: getComputedStyle(inside.body).backgroundColor,
    charts: [...inside.querySelectorAll("svg.chart")].filter(c => c.clientWidth).length,
  };
}
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(measure);
  document.title = JSON.stringify(found);
});
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium")
@pytest.mark.parametrize("dark", [False, True])
def test_in_a_browser_nothing_overlaps_and_nothing_is_asked_for(tmp_path, dark):
    """On a small and on a large screen; wide tables scroll within their frames.

    The third page shows that what is looked for would be found.
    """
    bad = '<img src="http://127.0.0.1:9/x.png"/><p style="width:900px">too wide</p>'
    bad += '<svg class="chart"><text y="20">one</text><text y="20">two</text></svg>'
    made = page(report(systems=10, sentences=24), "test")
    frames = "".join(
        f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{escape(inside)}"></iframe>'
        for width, inside in ((390, made), (1100, made), (390, bad))
    )
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    shown = browse(tmp_path, f"<!doctype html><title></title>{frames}{MEASURE}", scheme)
    *found, control = json.loads(re.search(r"<title>(.*?)</title>", shown)[1])
    assert [one["width"] for one in found] == [390, 1100]
    for measured in found:
        assert measured["scroll"] <= measured["width"]
        assert measured["out"] == []
        assert measured["labels"] == []
        assert measured["resources"] == 0
        assert measured["charts"] == 2
        assert measured["ground"] == ("rgb(20, 23, 27)" if dark else "rgb(251, 251, 250)")
    assert control["scroll"] > control["width"] == 390
    assert control["out"]
    assert control["labels"]
    assert control["resources"] == 1
