"""Small rule folders for tests."""

import json

from latimer.model.config import FORMAT

CONFIG = {
    "format": FORMAT,
    "engine": "rules",
    "kind": "translator",
    "languages": {"source": "en", "target": "es"},
}
PARADIGMS = """\
features:
  number: [sg, pl]
  gender: [m, f]
  form: [inf, pp]
tags:
  noun: [gender, number]
  adj: [gender, number]
  det: [gender, number]
  verb: [form]
defaults: {noun: n}
source:
  n: {sg: "-", pl: -s}
  n-y: {like: n, pl: y>ies}
target:
  n: {all: "-", pl: -s}
  a: {m.sg: "-", f.sg: o>a, m.pl: -s, f.pl: o>as}
  el: {m.sg: =el, f.sg: =la, m.pl: =los, f.pl: =las}
"""
LEXICON = """\
lemma\ttag\ttranslation\tparadigm\tsource\tfeatures
house\tnoun\tcasa\tn\t\tf
cat\tnoun\tgato\tn\t\tm
city\tnoun\tciudad\tn\tn-y\tf
red\tadj\trojo\ta
the\tdet\tel\tel
"""
TRANSFER = """\
passes:
  phrases:
    noun phrase:
      match: det? adj* noun
      agree: {1: 3, 2: 3}
      output: [1, 3, 2]
      head: 3
      group: NP
"""


def write_rules(folder, paradigms=PARADIGMS, lexicon=LEXICON, transfer=TRANSFER, **config):
    """A rule folder with these files."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config), "utf-8")
    (folder / "paradigms.yaml").write_text(paradigms, "utf-8")
    (folder / "lexicon.tsv").write_text(lexicon, "utf-8")
    (folder / "transfer.yaml").write_text(transfer, "utf-8")
    return folder
