"""The attention map shows the weights it was given, beside the pieces they belong to."""

import warnings

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from latimer.errors import LatimerError
from latimer.plots.attention import attention_map
from latimer.plots.figure import MISSING, drawable, save_figure

SOURCE = ["▁two", "▁$", "▁lamps", "</s>"]
TARGET = ["▁zwei", "▁Lampen", "</s>"]
WEIGHTS = np.random.default_rng(3).dirichlet(np.ones(4), 3)
UNDRAWABLE = "\U000e0041"  # a tag character: has no shape, so no font draws it


def test_cells_and_labels():
    axes = attention_map(WEIGHTS, SOURCE, TARGET).axes[0]
    [image] = axes.get_images()
    assert np.array_equal(image.get_array(), WEIGHTS)
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in axes.get_yticklabels()] == TARGET


def test_first_target_piece_is_the_top_row():
    axes = attention_map(WEIGHTS, SOURCE, TARGET).axes[0]
    bottom, top = axes.get_ylim()
    assert top < 0 < bottom


@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (4, 4)])
def test_labels_must_fit(shape):
    with pytest.raises(LatimerError, match="3 target and 4 source"):
        attention_map(np.ones(shape), SOURCE, TARGET)


def test_undrawable_characters_are_replaced_and_explained():
    figure = attention_map(WEIGHTS, SOURCE, [UNDRAWABLE, *TARGET[1:]])
    assert figure.axes[0].get_yticklabels()[0].get_text() == MISSING
    assert "no installed font" in figure.get_supxlabel()
    assert not attention_map(WEIGHTS, SOURCE, TARGET).get_supxlabel()


@pytest.mark.parametrize("piece", ["ñandú", "⟦0⟧", "{имя}", "電気", UNDRAWABLE, "%$x$^{"])
def test_any_script_is_written_without_a_warning(piece, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(attention_map(WEIGHTS, SOURCE, [piece, *TARGET[1:]], piece), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_drawable_keeps_what_the_bundled_font_has():
    texts = ["▁Ölstand ⟦15⟧", ""]
    shown, font = drawable(texts)
    assert shown == texts
    assert font["family"][0] == "DejaVu Sans"
