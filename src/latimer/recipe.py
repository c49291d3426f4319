"""The typed description of a run: a recipe, read from YAML.

Every key has a type, a unit and a default; a wrong one is refused with the file, the key and what
is allowed. `docs/recipe.md` is generated from the descriptions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from latimer import strict_yaml
from latimer.errors import InputError
from latimer.files import read_lines
from latimer.nn.names import (
    AttentionName,
    Bridge,
    CellName,
    Directions,
    FixedVector,
    Kind,
    Tied,
    conflict,
)
from latimer.recipe_phases import check_alone, check_phases, check_training, fill_phases, impossible

Size = Annotated[int, Field(ge=1, le=65_536)]
Layers = Annotated[int, Field(ge=1, le=64)]
Probability = Annotated[float, Field(ge=0, lt=1)]
TextFile = Annotated[Path, Strict(False)]
PhaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class TextPair(_Section):
    """Two text files, UTF-8, one sentence a line, line by line translations of one another."""

    source: TextFile | None = Field(
        default=None,
        description="File of source sentences, plain or `.gz`; a `language_model` reads none.",
    )
    target: TextFile = Field(
        description="File of their translations, line by line; of a `language_model`, its text."
    )


class Data(_Section):
    """What to learn from. Paths are relative to the working directory."""

    train: TextPair = Field(description="Sentences to learn from.")
    dev: TextPair = Field(description="Sentences that choose the model; never learnt from.")
    test: TextPair | None = Field(
        default=None, description="Noted for the record; training never looks at it."
    )
    source_language: str = Field(
        default="", description="Code such as `en`; recorded in the model."
    )
    target_language: str = Field(
        default="", description="Code such as `de`; recorded in the model."
    )


class SubwordsSection(_Section):
    """The pieces that sentences are cut into."""

    kind: Literal["bpe", "unigram", "char", "word"] = Field(
        default="bpe",
        description="How text is cut: subwords (`bpe`, `unigram`), characters or words.",
    )
    size: int = Field(
        default=8000,
        ge=8,
        le=1_000_000,
        description="Pieces in a vocabulary, at most; fewer when the text has fewer.",
    )
    joint: bool = Field(default=True, description="One vocabulary for both languages.")
    model: TextFile | None = Field(
        default=None,
        description="Folder of a model whose subwords are taken as they are, so that a language "
        "model and a translator can search together; null: learn them from the text.",
    )
    placeholders: bool = Field(
        default=True,
        description="Keep `{name}`, `%s`, tags and links whole, as slots that are copied.",
    )


class ModelSection(_Section):
    """The network: the keywords of `latimer.nn.build.build_seq2seq`."""

    kind: Kind = Field(
        default="translator",
        description="A `translator`, or a `language_model` of the target side, which is the "
        "decoder alone.",
    )
    cell: CellName = Field(
        default="gru",
        description="Recurrent cell of encoder and decoder; `rnn` is plain, with tanh, "
        "`rnn_relu` with ReLU.",
    )
    embedding: Size = Field(default=256, description="Width of a piece's embedding.")
    encoder_size: Size = Field(default=256, description="Units of the encoder in each direction.")
    encoder_layers: Layers = Field(default=1, description="Layers of the encoder.")
    encoder_directions: Directions = Field(
        default="both",
        description="Which encoder layers also read from the end: all (`both`), the `first` "
        "alone, or none (`forward`).",
    )
    reverse_source: bool = Field(
        default=False, description="The encoder reads sentences from their end."
    )
    decoder_size: Size = Field(default=512, description="Units of the decoder.")
    decoder_layers: Layers = Field(default=1, description="Layers of the decoder.")
    bridge: Bridge = Field(
        default="tanh",
        description="What starts the decoder: a `tanh` layer over the encoder's summary, or a "
        "`copy` of the encoder's last states, layer by layer.",
    )
    attention: AttentionName = Field(
        default="bahdanau",
        description="How the decoder reads the source: before each step (`bahdanau`, "
        "`coverage`), after it (`luong_…`), or as one fixed vector (`none`).",
    )
    attention_size: Size = Field(default=512, description="Units of the attention's hidden layer.")
    attention_window: Size = Field(
        default=10, description="Positions on either side of the predicted one (`luong_local`)."
    )
    input_feeding: bool = Field(
        default=False,
        description="Each step also reads what the output layer read before it (`luong_…`).",
    )
    fixed_vector: FixedVector = Field(
        default="every_step",
        description="Without attention: the vector is read at `every_step`, or at the `start`.",
    )
    residual: bool = Field(
        default=False, description="Layers add their input to their output where both are as wide."
    )
    residual_from: int = Field(
        default=2, ge=2, le=64, description="The first layer, from 1, that does (`residual`)."
    )
    layer_norm: bool = Field(
        default=False, description="Each layer's output is normalised before it is passed up."
    )
    readout: Size = Field(default=256, description="Width of what the output layer reads.")
    tied: Tied = Field(
        default="all",
        description="Which of source embedding, target embedding and output share one weight: "
        "`all`, both `inputs`, `target` (its embedding and the output) or `none`.",
    )
    dropout: Probability = Field(default=0.3, description="Share of units dropped in training.")

    @model_validator(mode="after")
    def _check(self) -> ModelSection:
        if found := conflict(self.model_dump()):
            key, why = found
            raise impossible(f"model.{key}", why)
        return self


class Training(_Section):
    """How to learn, and when to stop: at whichever limit comes first."""

    batch_tokens: int = Field(
        default=2048,
        ge=1,
        description="Positions in a batch on either side, padding included, at most.",
    )
    max_minutes: float | None = Field(
        default=None, gt=0, description="Stop after so many minutes of training; null: no limit."
    )
    max_epochs: int | None = Field(
        default=None, ge=1, description="Stop after so many passes over the data; null: no limit."
    )
    max_updates: int | None = Field(
        default=None, ge=1, description="Stop after so many updates; null: no limit."
    )
    patience: int | None = Field(
        default=10,
        ge=1,
        description="Stop after so many validations without a better dev BLEU; null: never.",
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, le=100, description="Highest step size of Adam."
    )
    warmup: int = Field(
        default=0, ge=0, description="Updates over which the learning rate rises from 0 in a line."
    )
    schedule: Literal["plateau", "inverse_sqrt", "constant"] = Field(
        default="plateau",
        description="After the warm-up: decay when dev BLEU stalls, with one over the square root "
        "of the updates, or not at all.",
    )
    decay: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Factor on the learning rate at each stall (`plateau`).",
    )
    plateau_patience: int = Field(
        default=2, ge=1, description="Validations without gain that make a stall (`plateau`)."
    )
    cooldown: Probability = Field(
        default=0.0,
        description="Share of the run, at its end, over which the learning rate falls to 0 in a "
        "line; needs max_minutes, max_epochs or max_updates.",
    )
    label_smoothing: Probability = Field(
        default=0.1, description="Share of each label's probability spread over the vocabulary."
    )
    clip: float = Field(
        default=1.0, gt=0, description="Largest norm of the gradient; larger is scaled."
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decoupled weight decay per update, times the learning rate.",
    )
    validate_every: int = Field(default=500, ge=1, description="Updates between validations.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="Number format of matrix products; `auto` measures at the start.",
    )
    average: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Best checkpoints whose weights are averaged at the end.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="Threads that share every batch; null: one a core."
    )


class ObjectiveSection(_Section):
    """What is learnt from: references (`likelihood`), or the score of translations drawn."""

    kind: Literal[
        "likelihood", "scheduled_sampling", "reinforce", "mixer", "minimum_risk", "ppo",
        "actor_critic", "critic",
    ] = Field(
        default="likelihood",
        description="References (`likelihood`, `scheduled_sampling`), or sentence BLEU of "
        "translations drawn from the network (the others, which need `start` or an earlier "
        "phase); in `critic` the critic of `actor_critic` learns alone, "
        "before a phase of that or, reading the source, for search.",
    )  # fmt: skip
    reward: str = Field(
        default="bleu",
        description="What is raised: `bleu`, `balanced_bleu`, `gleu` or `edits` of pieces, the "
        "same of words (`word_bleu`, …), `chrf`, `ter`, a function of two texts "
        "(`module:function`), or a mixture such as `0.7 bleu + 0.3 chrf`.",
    )
    samples: int = Field(
        default=5, ge=1, le=1000, description="Translations drawn for each sentence."
    )
    temperature: float = Field(
        default=1.0, ge=0.01, le=100, description="Of the policy they are drawn from."
    )
    baseline: Literal[
        "none", "running_mean", "self_critical", "leave_one_out", "to_go", "learned"
    ] = Field(
        default="leave_one_out",
        description="What a score is compared with (`reinforce`, `mixer`); `leave_one_out` and "
        "`to_go` need 2 samples.",
    )
    sharpness: float = Field(
        default=0.005, gt=0, le=100, description="Exponent of probabilities (`minimum_risk`)."
    )
    clip: float = Field(
        default=0.2, gt=0, lt=1, description="How far a probability may move, as a ratio (`ppo`)."
    )
    leash: float = Field(
        default=0.02,
        ge=0,
        le=100,
        description="Price in score of a nat of log-probability above the start's (`ppo`).",
    )
    refresh: int = Field(
        default=4, ge=1, description="Updates between two policies that are drawn from (`ppo`)."
    )
    border_step: int = Field(
        default=2,
        ge=1,
        description="Pieces at the end of a reference that the network writes by itself, at first, "
        "and by which they grow at each step (`mixer`).",
    )
    border_updates: int = Field(
        default=100, ge=1, description="Updates between two such steps (`mixer`)."
    )
    truth: Probability = Field(
        default=0.5,
        description="Share of the references' own pieces read, at last (`scheduled_sampling`).",
    )
    truth_updates: int = Field(
        default=2000,
        ge=1,
        description="Updates over which that share falls from 1 (`scheduled_sampling`).",
    )
    likelihood: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="Weight of the references' log-likelihood beside the reward.",
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        description="Pieces drawn, at most; null: twice the source's and ten.",
    )

    @model_validator(mode="after")
    def _check(self) -> ObjectiveSection:
        with_baseline = self.kind in ("reinforce", "mixer")
        compares = self.kind in ("minimum_risk", "ppo") or (
            with_baseline and self.baseline in ("leave_one_out", "to_go")
        )
        if compares and self.samples < 2:
            what = f"the baseline {self.baseline}" if with_baseline else self.kind
            raise impossible("objective.samples", f"{what} compares translations: at least 2")
        return self


class CriticSection(_Section):
    """The critic of `actor_critic`: a network that gives a value for every next piece."""

    reads: Literal["reference", "source"] = Field(
        default="reference", description="What its encoder reads."
    )
    head: Literal["auto", "layer", "pointer"] = Field(
        default="auto",
        description="`layer` is the output layer of Bahdanau et al. 2017, a `pointer` adds values "
        "of the places of the reference; `auto` is a pointer if the reference is read.",
    )
    target: Literal["expected_sarsa", "sarsa", "q_learning", "lambda_return", "monte_carlo"] = (
        Field(default="expected_sarsa", description="What it learns: a target of `latimer.rl`.")
    )
    trace: float = Field(default=0.9, ge=0, le=1, description="λ of `lambda_return`.")
    penalty: float = Field(
        default=1e-3, ge=0, le=100, description="Weight of the spread of its values."
    )
    follow: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Share of the way that the delayed critic goes at each update.",
    )
    follow_actor: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The same of the delayed actor; null: as the critic, 1: there is none, which "
        "saves reading everything once more.",
    )
    gradient: Literal["all", "corrected", "drawn"] = Field(
        default="all",
        description="How the actor learns: from the values of `all` tokens, as in Bahdanau et al. "
        "2017; `corrected` by what they missed of the tokens drawn; from the `drawn` ones alone.",
    )
    pretraining: int = Field(
        default=200,
        ge=0,
        description="First updates, in which the actor stays as it is; 0 in a phase that "
        "goes on with the critic of the one before, unless the phase says otherwise.",
    )
    rate: float = Field(
        default=10.0, gt=0, le=1e4, description="Factor on `training.learning_rate`."
    )
    embedding: Size = Field(default=256, description="Width of its embeddings.")
    size: Size = Field(default=256, description="Units of its decoder; half of that an encoder's.")

    @property
    def which_follow_actor(self) -> float:
        """`follow_actor`, or what null stands for."""
        return self.follow if self.follow_actor is None else self.follow_actor

    @property
    def which_head(self) -> str:
        """`head`, or what `auto` stands for."""
        if self.head != "auto":
            return self.head
        return "pointer" if self.reads == "reference" else "layer"

    @model_validator(mode="after")
    def _pointed(self) -> CriticSection:
        """Refuse a pointer into what is in another language."""
        if self.head == "pointer" and self.reads != "reference":
            raise impossible(
                "critic.head",
                f"a pointer points into the reference, and critic.reads is {self.reads}; set "
                "critic.head layer",
            )
        return self


class Search(_Section):
    """How the finished model is searched by default; validation during training is greedy."""

    beam: int = Field(
        default=5, ge=1, le=4000, description="Hypotheses kept at each step; 1 is greedy."
    )
    alpha: float = Field(
        default=1.0, ge=0, le=10, description="Strength of length normalisation; 0 is none."
    )
    normalisation: Literal["power", "gnmt", "none"] = Field(
        default="power",
        description="Divide log P by `T^alpha`, by `((5 + T) / 6)^alpha` (GNMT), or by nothing.",
    )
    coverage_penalty: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="GNMT's penalty on what of the source was not read; 0 is none.",
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        le=5000,
        description="Pieces in a translation, at most; null: grows with the source.",
    )


class Phase(_Section):
    """A stretch of a run: what it learns by, until when, and in which steps."""

    objective: ObjectiveSection = ObjectiveSection()
    critic: CriticSection = CriticSection()
    training: Training = Training()


class Recipe(_Section):
    """A whole run."""

    seed: int = Field(
        default=1, ge=0, le=2**32 - 1, description="Of every random choice; same seed, same run."
    )
    start: TextFile | None = Field(
        default=None,
        description="Folder of the model to start from; null: a network freshly drawn.",
    )
    data: Data
    subwords: SubwordsSection = SubwordsSection()
    model: ModelSection = ModelSection()
    training: Training = Training()
    objective: ObjectiveSection = ObjectiveSection()
    critic: CriticSection = CriticSection()
    search: Search = Search()
    phases: dict[PhaseName, Phase] = Field(
        default={},
        description="Stretches of the run in this order, each from the best model of the one "
        "before; what a phase does not say of these sections, the recipe's own say.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_phases(cls, tree: Any) -> Any:
        return fill_phases(tree, Phase.model_fields) if isinstance(tree, dict) else tree

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if self.phases:
            check_phases(self)
        else:
            check_training(self.training)
            check_alone(self)
        if self.search.coverage_penalty and self.model.attention == "none":
            raise impossible(
                "search.coverage_penalty",
                f"{self.search.coverage_penalty:g} does not go with model.attention none, which "
                "reads no position of the source; set the penalty to 0",
            )
        if self.model.kind == "language_model":
            return self
        for part, pair in (("train", self.data.train), ("dev", self.data.dev)):
            if pair.source is None:
                raise PydanticCustomError("missing", "", {"key": f"data.{part}.source"})
        if self.model.tied in ("all", "inputs") and not self.subwords.joint:
            raise impossible(
                "model.tied",
                f"{self.model.tied!r} needs subwords.joint to be true; or tie target or none",
            )
        return self

    def stretches(self) -> dict[str, Recipe]:
        """A recipe without phases for each phase, by name; this recipe, by "", if it has none."""
        if not self.phases:
            return {"": self}
        return {
            name: self.model_copy(
                update={
                    "objective": phase.objective,
                    "critic": phase.critic,
                    "training": phase.training,
                    "phases": {},
                }
            )
            for name, phase in self.phases.items()
        }


def recipe_names() -> list[str]:
    """Names of the recipes that come with Latimer."""
    folder = resources.files("latimer") / "recipes"
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def load_recipe(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file, or one that comes with Latimer by its name, and apply `a.b=c` to it.

    Raises InputError, one line naming file or override, key and what is allowed.
    """
    name, text = _read(path_or_name)
    plain, lines = strict_yaml.parse(text, name)
    places = {key: f"{name}, line {line}" for key, line in lines.items()}
    if not isinstance(plain, dict | None):
        raise InputError(f"{name}: a recipe is made of sections such as `training:`")
    return override_recipe(plain or {}, name, places, overrides)


def override_recipe(
    tree: dict[str, Any], name: str, places: dict[str, str], overrides: Sequence[str]
) -> Recipe:
    """A recipe from nested dicts, with `a.b=c` applied; they are changed.

    Raises InputError as `load_recipe` does; `places` tells where each dotted key stands.
    """
    for override in overrides:
        key, value = _parse_override(override)
        _set(tree, key, value, override)
        for end in range(key.count(".") + 1):
            places.setdefault(key.rsplit(".", end)[0], f"--set {override}")
        places[key] = f"--set {override}"
    return build_recipe(tree, name, places)


def build_recipe(
    tree: dict[str, Any], name: str = "recipe", places: dict[str, str] | None = None
) -> Recipe:
    """A recipe from nested dicts of plain values; `places` tells where each dotted key stands.

    Raises InputError as `load_recipe` does.
    """
    # A section whose every key is commented out reads as null: it is empty, not wrong.
    filled = {
        key: {} if value is None and key not in ("seed", "start") else value
        for key, value in tree.items()
    }
    try:
        return Recipe.model_validate(filled)
    except ValidationError as error:
        from latimer.recipe_help import complaint

        # A misspelt key first: it is why the right one is missing.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise InputError(complaint(first, name, places or {})) from error


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML, every key written out; `load_recipe` reads it back equal."""
    return strict_yaml.dump(recipe.model_dump(mode="json"))


def _read(path_or_name: str | Path) -> tuple[str, str]:
    """Name for complaints, and text, of a recipe on disk or in the package."""
    path = Path(path_or_name)
    if path.is_file():
        return str(path), "\n".join(read_lines(path))
    packaged = recipe_names()
    if str(path_or_name) in packaged:
        file = resources.files("latimer") / "recipes" / f"{path_or_name}.yaml"
        return f"{path_or_name}.yaml", file.read_text(encoding="utf-8")
    raise InputError(
        f"{path_or_name}: no such recipe; give the path of a YAML file, "
        f"or one of these names: {', '.join(packaged)}"
    )


def _parse_override(override: str) -> tuple[str, Any]:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise InputError(f"--set {override}: write it as section.key=value")
    value, _ = strict_yaml.parse(text, f"--set {override}")
    if isinstance(value, dict | list):
        raise InputError(f"--set {override}: the value must be a single number, word or path")
    return key, value


def _set(tree: dict[str, Any], dotted: str, value: Any, override: str) -> None:
    *sections, last = dotted.split(".")
    for depth, section in enumerate(sections):
        if tree.get(section) is None:
            tree[section] = {}
        tree = tree[section]
        if not isinstance(tree, dict):
            outer = ".".join(sections[: depth + 1])
            raise InputError(f"--set {override}: {outer} is not a section")
    tree[last] = value
