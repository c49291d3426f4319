"""Whole runs on small languages: text in, a translator out that has learnt the task."""

from task import reports, tiny_recipe, write_task

import latimer
from latimer.train.run.run import train

MODEL = {
    "embedding": 48, "encoder_size": 48, "decoder_size": 96, "attention_size": 48, "readout": 48,
    "dropout": 0.0,
}  # fmt: skip


def test_learns_to_near_perfection(tmp_path):
    write_task(tmp_path, "reverse", pairs=2500, dev=60)
    recipe = tiny_recipe(
        tmp_path, model=MODEL, max_updates=240, validate_every=80, warmup=20, cooldown=0.5
    )
    folder = train(recipe, tmp_path / "run")
    lines = {
        side: (tmp_path / f"dev.{side}").read_text().splitlines() for side in ("source", "target")
    }
    found = [translation.text for translation in latimer.load(folder).translate(lines["source"])]
    right = sum(one == other for one, other in zip(found, lines["target"], strict=True))
    assert right >= 57
    assert reports(tmp_path / "run", "validation")[-1]["best_bleu"] > 95
    losses = [line["nll"] for line in reports(tmp_path / "run", "update")]
    assert losses[-1] < losses[0] / 10
