"""The examples that come with Latimer translate their sentences."""

from importlib import resources

import pytest

import latimer
from latimer.engines.rules.examples import example_names

PLACE = resources.files("latimer.engines.rules.examples")

GERMAN = {
    "Open the file.": "Öffnen Sie die Datei.",
    "Open file": "Datei öffnen",
    "Select a new folder in the menu.": "Wählen Sie einen neuen Ordner im Menü aus.",
    "The red button is not available.": "Die rote Schaltfläche ist nicht verfügbar.",
    "The files could not be saved.": "Die Dateien konnten nicht gespeichert werden.",
    "You can open the selected file in a new window.": (
        "Sie können die ausgewählte Datei in einem neuen Fenster öffnen."
    ),
    "Delete {name} and the old files.": "Löschen Sie {name} und die alten Dateien.",
    "I do not see the small window.": "Ich sehe das kleine Fenster nicht.",
    "If the file is empty, delete the file.": (
        "Wenn die Datei leer ist, löschen Sie die Datei."
    ),
    "Click the button to select the file.": (
        "Klicken Sie auf die Schaltfläche, um die Datei auszuwählen."
    ),
    "The connection to the server has failed.": "Die Verbindung zum Server ist fehlgeschlagen.",
    "The names of the users are unknown.": "Die Namen der Benutzer sind unbekannt.",
    "The network settings are wrong.": "Die Netzwerk-Einstellungen sind falsch.",
    "NEW FOLDER": "NEUER ORDNER",
    "There is a new version.": "Es gibt eine neue Version.",
    "Do not delete the file.": "Löschen Sie die Datei nicht.",
    "The glimberwock is ready.": "Das *glimberwock ist bereit.",
}  # fmt: skip
SPANISH = {
    "Open the file.": "Abra el archivo.",
    "Open file": "Abrir archivo",
    "Select a new folder in the menu.": "Seleccione una nueva carpeta en el menú.",
    "The red buttons are not available.": "Los botones rojos no están disponibles.",
    "The files could not be saved.": "Los archivos no pudieron ser guardados.",
    "You can open the selected file in a new window.": (
        "Puede abrir el archivo seleccionado en una nueva ventana."
    ),
    "Delete {name} and the old files.": "Elimine {name} y los archivos antiguos.",
    "I do not see the small window.": "No veo la ventana pequeña.",
    "If the file is empty, delete the file.": "Si el archivo está vacío, elimine el archivo.",
    "Click the button to open the settings.": "Haga clic en el botón para abrir los ajustes.",
    "The connection to the server has failed.": "La conexión al servidor ha fallado.",
    "The colour of the button is red.": "El color del botón es rojo.",
    "The error messages are important.": "Los mensajes de error son importantes.",
    "Save the changes?": "¿Guardar los cambios?",
    "NEW FOLDER": "NUEVA CARPETA",
    "There is a new version.": "Hay una nueva versión.",
    "Do not delete the file.": "No elimine el archivo.",
}  # fmt: skip


@pytest.fixture(scope="module")
def translators():
    return {name: latimer.load(str(PLACE / name)) for name in example_names()}


@pytest.mark.parametrize(
    ("pair", "source", "target"),
    [("en-de", *pair) for pair in GERMAN.items()] + [("en-es", *pair) for pair in SPANISH.items()],
)
def test_sentences(translators, pair, source, target):
    assert translators[pair].translate([source])[0].text == target


@pytest.mark.parametrize("pair", ["en-de", "en-es"])
def test_examples_have_a_useful_vocabulary(translators, pair):
    translator = translators[pair]
    assert f"{translator.languages.source}-{translator.languages.target}" == pair
    assert 200 <= len(translator.engine.system.entries) <= 300
    forms = {
        form.casefold() for entry in translator.engine.system.entries
        for form, _ in entry.source_forms()
    }  # fmt: skip
    assert {"files", "saved", "selecting", "copies", "turns off", "these"} <= forms


def test_the_figure_of_the_guide(translators):
    from pathlib import Path

    from latimer.metrics.corpus_scores import corpus_scores

    guide = Path(__file__).parents[3] / "docs" / "how-to"
    source, target = (
        (guide / "rules-example" / f"text.{code}").read_text("utf-8").splitlines()
        for code in ("en", "de")
    )
    found = [one.text.replace("*", "") for one in translators["en-de"].translate(source)]
    scores = corpus_scores(found, target, ["bleu", "chrf"], language="de")
    row = f"| 48 | {scores['bleu'].value:.1f} | {scores['chrf'].value:.1f} |"
    assert row in (guide / "use-rules.md").read_text("utf-8")
