import json

import pytest

from latimer.errors import InputError
from latimer.train.improvement import improvement

CONFIG = {
    "vocabulary": {"kind": "bpe", "size": 40},
    "data": {"train": {"source": "a", "target": "b"}, "dev": {"source": "c", "target": "d"}},
    "languages": {"source": "en", "target": "de"},
    "network": {"cell": "gru"},
}


def test_languages_text_and_subwords_are_the_models(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    tree = improvement(tmp_path, "reinforce", 1.0, 1)
    assert tree["data"]["source_language"] == "en"
    assert tree["data"]["train"] == {"source": "a", "target": "b"}
    assert (tree["subwords"]["size"], tree["subwords"]["model"]) == (40, str(tmp_path))


@pytest.mark.parametrize("section", CONFIG)
@pytest.mark.parametrize("value", ["en", 3, None, ["en", "de"]])
def test_a_section_that_is_no_object_is_explained(tmp_path, section, value):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, section: value}))
    with pytest.raises(InputError, match=r"config\.json: not the description of a model"):
        improvement(tmp_path, "reinforce", 1.0, 1)
