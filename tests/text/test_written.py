"""A corpus folder is read back as it was written."""

import pytest

from latimer.errors import InputError
from latimer.formats.pair import Pair
from latimer.text.corpus.prepare import prepare
from latimer.text.corpus.write import write_prepared, write_report
from latimer.text.corpus.written import open_written


def write(folder, gzipped=False, form="text", languages=("en", "de")):
    pairs = [Pair(f"the {n} cats", f"die {n} Katzen") for n in range(300)]
    write_prepared(prepare(pairs), folder, *languages, form, gzipped)
    write_report(folder, *languages, {})


@pytest.mark.parametrize("gzipped", [False, True])
def test_files_and_languages_come_back(tmp_path, gzipped):
    write(tmp_path, gzipped, languages=("pt-BR", "de"))
    written = open_written(tmp_path)
    assert (written.source_language, written.target_language) == ("pt-BR", "de")
    assert sorted(written.files) == ["dev", "test", "train"]
    end = ".gz" if gzipped else ""
    assert written.files["dev"] == (tmp_path / f"dev.pt-BR{end}", tmp_path / f"dev.de{end}")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda folder: None, r"no report\.json in it"),
        (lambda folder: (folder / "report.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "report.json").write_text("[1]"), "damaged"),
        (lambda folder: write(folder, form="tsv"), "no dev and train text .* --format text"),
    ],
)
def test_another_folder_is_refused(tmp_path, make, complaint):
    make(tmp_path)
    with pytest.raises(InputError, match=complaint):
        open_written(tmp_path)
