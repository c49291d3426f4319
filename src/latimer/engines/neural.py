"""The neural translator: a model folder, beam search, and texts of any shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch

from latimer.engines.batch_search import BatchSearch, Encoded, batches, usual_limits
from latimer.engines.given import check_text, prefix_pieces
from latimer.engines.memory import Size, check_memory, needed_bytes, row_of
from latimer.engines.noisy_channel import NoisyChannel
from latimer.engines.parts import Parts, split_text
from latimer.engines.prepared import Prepared
from latimer.engines.required import Required
from latimer.engines.shortlist import check_alone
from latimer.engines.translator import Alternative, Attention, Capabilities, Translation
from latimer.engines.ways import Exact, MinimumBayesRisk, Way
from latimer.errors import InputError
from latimer.metrics.corpus_scores import written_without_spaces
from latimer.model.config import Languages
from latimer.model.folder import Model, load_critic, load_language_model, load_translator
from latimer.nn.inference.products import choose_products
from latimer.search.beam import beam_search, check_settings
from latimer.search.coverage import check_penalty, without_attention
from latimer.search.diverse import check_groups, diverse_beam_search
from latimer.search.hypothesis import Hypothesis
from latimer.search.normalise import normaliser
from latimer.search.rules import MinimumLength, NoRepeat, Rule
from latimer.search.settings import SearchSettings, completed
from latimer.text.glossary import Glossary
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.threads import Pool, one_thread, threads_for

BATCH_TOKENS = 2048
"""Source pieces in a batch, padding counted."""
MAX_PIECES = 250
"""A longer line is translated in parts: no network here is trained on such lengths."""
MAX_LENGTH = 5000
END = "</s>"


class NeuralTranslator:
    """Translates with one model. Use `load` to make one from a folder."""

    @one_thread()
    def __init__(
        self,
        model: Model,
        threads: int | None = None,
        precision: str = "fp32",
        *,
        others: Sequence[Model] = (),
        language_model: Model | None = None,
        weight: float = 0.0,
        critic: Model | None = None,
        critic_weight: float = 0.0,
        shortlist: str | int = "auto",
    ) -> None:
        """With `others` it is an ensemble; a language model is added with `weight`, in search.

        So are the values of a `critic`, one of `load_critic`, with `critic_weight`.

        All share the vocabularies of `model`. `threads` batches are translated at the same
        time, by default as many as there are cores; see `latimer.threads`.

        `precision` is that of the products in search: one of `latimer.nn.inference.products`, or
        auto, which stands for what `products` says.
        `shortlist` is "off", how many pieces each source piece adds to the vocabulary that a
        search for the best translation looks at, or "auto"; see `latimer.nn.shortlist`.
        Raises InputError for other settings, and for a precision that this machine does not have.
        """
        self.model = model
        self.model.network.eval()
        device, auto = model.network.device, precision == "auto"
        self.precision = precision if auto else choose_products(precision, device)
        self._models = [model, *others]
        every = [*self._models, *filter(None, [language_model, critic])]
        self._rows = [row_of(one.network, len(model.vocabulary.target)) for one in every]
        self._pool = Pool(threads_for(device.type) if threads is None else threads)
        self._wanted = shortlist
        self._prepared = Prepared(
            self._models, language_model, weight, critic, critic_weight, shortlist
        )
        self._prepared[self.products(0)]  # refuses what does not go together

    def products(self, sentences: int) -> str:
        """The precision of products in a call of `translate` with so many different sentences.

        With the precision auto it is the fastest here, for one sentence or for several at a time;
        it is measured when it is first asked for, and "fp32" where there is nothing to translate.
        """
        if self.precision != "auto":
            return self.precision
        if not sentences:
            return "fp32"
        return choose_products("auto", self.model.network.device, alone=sentences == 1)

    @one_thread()
    def translate(
        self,
        texts: Sequence[str],
        *,
        beam: int | None = None,
        alpha: float | None = None,
        nbest: int = 1,
        max_length: int | None = None,
        normalisation: str | None = None,
        stop: str = "safe",
        batch_tokens: int = BATCH_TOKENS,
        attention: bool = False,
        way: Way | None = None,
        min_length: int = 0,
        no_repeat: int | None = None,
        prefix: str = "",
        coverage_penalty: float | None = None,
        groups: int = 1,
        diversity: float = 0.5,
        must: Sequence[str] = (),
        glossary: Glossary | Mapping[str, str] | None = None,
        channel: NoisyChannel | None = None,
    ) -> list[Translation]:
        """One translation for every text, in order.

        Batches hold texts of like length, at most `batch_tokens` source pieces; what else is in a
        batch does not matter to a text. With the precision auto, a text alone may be translated in
        another precision than several: see `products`. PyTorch uses one thread in the caller's
        thread and in each of the translator's, and has as many as before afterwards.
        Blank texts stay empty; texts with several lines or more than MAX_PIECES pieces are
        translated in parts. `max_length` counts pieces and is by default twice the source's and
        ten, and more where what is demanded below needs it. The other settings are those of
        `beam_search` and, with several `groups`, of `diverse_beam_search`; where None is given they
        are the model's own (`search` of its recipe). `attention` keeps what the network attended
        to.
        Another `way` than the beam, `Sampling` or `Exact` of `latimer.engines.ways`, has its own
        settings. Whatever the way, translations have at least `min_length` pieces, repeat no
        `no_repeat` pieces in a row, and begin with `prefix`; of parts the first begins with it.
        With the beam they also hold the phrases `must`, and the target terms of those terms of a
        `glossary` that their source holds. With a `channel` all that the beam finds is ranked by
        it, and scored.

        Raises InputError for a text of more than 1 MB or for impossible settings.
        """
        if isinstance(texts, str):
            raise InputError("translate: a list of texts expected, not one text")
        settings = self.settings(
            beam=beam, alpha=alpha, normalisation=normalisation, max_length=max_length,
            coverage_penalty=0.0 if way and coverage_penalty is None else coverage_penalty,
        )  # fmt: skip
        beam, alpha, normalisation, coverage_penalty, max_length = settings
        check_settings(beam, nbest, stop)
        normaliser(normalisation, alpha)
        _check_sizes(batch_tokens, max_length, min_length)
        if way is not None:
            way.check()
        check_groups(beam, groups, diversity)
        self._check_coverage(coverage_penalty, way)
        _check_together(way, groups, channel, phrases=bool(must or glossary))
        encoded: dict[str, Encoded] = {}
        documents = [self._split(text, number, encoded) for number, text in enumerate(texts, 1)]
        forced = prefix_pieces(self.model.vocabulary, prefix, max_length or MAX_LENGTH)
        rules: list[Rule] = [MinimumLength(min_length)] if min_length else []
        rules += [] if no_repeat is None else [NoRepeat(no_repeat)]
        required = Required(
            self.model.vocabulary, must, glossary, max_length=max_length, min_length=min_length,
            no_repeat=no_repeat, prefix=len(forced),
        )  # fmt: skip
        bound = bool(rules or forced or must or glossary)
        alone = way is None and channel is None and groups == 1 and nbest == 1 and not bound
        check_alone(self._wanted, alone)
        diverse = partial(diverse_beam_search, groups=groups, diversity=diversity)
        options = {
            "beam": beam, "alpha": alpha, "normalisation": normalisation, "stop": stop,
            "nbest": nbest if channel is None else beam, "coverage_penalty": coverage_penalty,
            "keep_attention": attention,
        }  # fmt: skip
        unique = {
            (part, begun): encoded[part]._replace(forced=forced if begun else ())
            for document in documents for part, begun in _begun(document, forced)
        }  # fmt: skip
        width = way.rows if way else beam
        several = list(batches(list(unique.values()), batch_tokens, width))

        def size(count: int, time: int) -> Size:
            length = max_length or int(usual_limits(torch.tensor(time), len(forced), min_length))
            mixed = bound or len(self._rows) > 1 or not (way is None or isinstance(way, Exact))
            return Size(count * width, time, length, attention, mixed)

        shapes = {(len(batch), len(batch[0].pieces) + 1) for batch in several} or {(1, 2)}
        sizes = [size(*shape) for shape in shapes]
        self._check_memory(sizes, len(several), *(way.asked if way else ("beam", beam)))
        scorer, shortlist = self._prepared[self.products(sum(map(len, several)))]
        search = BatchSearch(
            scorer, self.model.network.device, beam_search if groups == 1 else diverse, options,
            self._in_language(way), rules, required, shortlist if alone else None, max_length,
            min_length, self._text,
        )  # fmt: skip
        found: dict[tuple[str, bool], Translation] = {}
        for batch, results in zip(several, self._pool.map(search, several), strict=True):
            for part, hypotheses in zip(batch, results, strict=True):
                found[part.text, bool(part.forced)] = self._translation(part, hypotheses)
        if channel is not None:
            ranked = channel.rerank([*found.values()])
            found = {key: _first(one, nbest) for key, one in zip(found, ranked, strict=True)}
        empty, glue = Translation("", "", 0.0), self._glue()
        return [
            document.join([found.get(key, empty) for key in _begun(document, forced)], glue=glue)
            for document in documents
        ]

    @property
    def languages(self) -> Languages:
        """See `Translator`."""
        return self.model.config.languages

    @property
    def vocabulary(self) -> Vocabulary:
        """That of all its models."""
        return self.model.vocabulary

    @property
    def capabilities(self) -> Capabilities:
        """See `Translator`. There is attention where all models of an ensemble have it."""
        attend = all(one.config.network.attention != "none" for one in self._models)
        return Capabilities(scores=True, alternatives=True, attention=attend, constraints=True)

    def close(self) -> None:
        """See `Translator`."""
        self._pool.close()

    def __enter__(self) -> Self:
        """A context that ends with `close`."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _glue(self) -> str:
        """What stands between the parts of a line."""
        return "" if written_without_spaces(self.languages.target) else " "

    def _in_language(self, way: Way | None) -> Way | None:
        """The way of searching, told the target language if it compares texts."""
        if isinstance(way, MinimumBayesRisk) and not way.language:
            return replace(way, language=self.languages.target)
        return way

    def settings(self, **given: Any) -> SearchSettings:
        """Settings of the beam: those given, by name, that are not None, and the model's."""
        return completed(self.model.config.search.model_dump(), **given)

    def _check_coverage(self, penalty: float, way: Way | None) -> None:
        check_penalty(penalty)
        if penalty and way is not None:
            raise InputError(
                f"coverage_penalty {penalty:g} is for the beam, not for another search"
            )
        for number, model in enumerate(self._models, 1):
            if penalty and model.network.attention is None:
                of = "the model" if len(self._models) == 1 else f"model {number} of the ensemble"
                raise without_attention(penalty, of)

    def _check_memory(self, sizes: Sequence[Size], batches: int, of: str, number: int) -> None:
        """Refuse so many batches of these sizes if memory cannot hold the largest together.

        `of` is the setting, given as `number`, that they grow with.
        """
        threads = max(1, min(self._pool.threads, batches))
        needed = {threads * needed_bytes(self._rows, size): size for size in sizes}
        size = needed[max(needed)]
        asked = f"{of} {number} and max_length {size.length} for a text of {size.time - 1} pieces"
        lower = [of, "max_length"]
        if threads > 1:
            asked, lower = f"{asked}, on {threads} threads", [*lower, "threads"]
        check_memory(max(needed), self.model.network.device, asked, lower)

    def _split(self, text: str, number: int, encoded: dict[str, Encoded]) -> Parts:
        """The parts of a text, each encoded once, in `encoded`."""
        check_text(text, f"text {number}")

        def count(part: str) -> int:
            if part not in encoded:
                encoded[part] = Encoded(part, *self.model.vocabulary.encode_source(part))
            return len(encoded[part].pieces)

        parts = split_text(text, count, MAX_PIECES)
        for part in parts.flat:
            count(part)
        return parts

    def _text(self, part: Encoded, tokens: list[int]) -> str:
        return self.model.vocabulary.decode_target(tokens, part.table).strip()

    def _translation(self, part: Encoded, several: list[Hypothesis]) -> Translation:
        texts = [self._text(part, hypothesis.tokens) for hypothesis in several]
        best, *others = several
        alternatives = [
            Alternative(text, h.score) for text, h in zip(texts[1:], others, strict=True)
        ]
        attention = self._attention(part, best)
        return Translation(part.text, texts[0], best.score, alternatives, attention, gap=best.gap)

    def _attention(self, part: Encoded, best: Hypothesis) -> Attention | None:
        if best.attention is None:
            return None
        vocabulary = self.model.vocabulary
        source = [vocabulary.source.piece(piece) for piece in part.pieces]
        target = [vocabulary.target.piece(token) for token in best.tokens]
        return Attention(
            [*source, END], target + [END] * best.finished, best.attention.float().cpu()
        )


def load(
    folder: str | Path,
    device: str = "cpu",
    threads: int | None = None,
    precision: str = "auto",
    *,
    others: Sequence[str | Path] = (),
    language_model: str | Path | None = None,
    weight: float = 0.1,
    critic: str | Path | None = None,
    critic_weight: float = 1.0,
    shortlist: str | int = "auto",
) -> NeuralTranslator:
    """The translator in a model folder, on `device` ("cpu", "cuda", …).

    With the folders of `others` it is an ensemble of all; the log-probabilities of a
    `language_model` are added in search with `weight` (shallow fusion), and the values of a
    `critic` that reads the source with `critic_weight` (`latimer.search.guided`).

    So many batches are translated at the same time as there are `threads`, by default one for each
    core; PyTorch's own threads play no part, whatever their number. `precision` is that of
    products: `auto` takes int8 for several sentences where this CPU multiplies it exactly and
    faster, or else fp16 where that is faster, and for one sentence alone the faster of both; `fp32`
    gives the same translations on every machine, to rounding.

    Raises InputError naming the file that is missing, damaged or foreign, or an unusable device.
    """
    models = [load_translator(one, device) for one in (folder, *others)]
    fused = None
    if language_model is not None:
        fused = load_language_model(language_model, device)
    guide = None if critic is None else load_critic(critic, device)
    try:
        return NeuralTranslator(
            models[0], threads, precision, others=models[1:], language_model=fused, weight=weight,
            critic=guide, critic_weight=critic_weight, shortlist=shortlist,
        )  # fmt: skip
    except InputError as error:
        if not others and fused is None and guide is None:
            raise
        named = ", ".join(str(one) for one in (folder, *others, language_model, critic) if one)
        raise InputError(f"{named}: {error}") from error


def _first(translation: Translation, count: int) -> Translation:
    return replace(translation, alternatives=translation.alternatives[: count - 1])


def _begun(document: Parts, forced: Sequence[int]) -> list[tuple[str, bool]]:
    """Each part of a text, and whether its translation begins with the forced pieces."""
    return [(part, bool(forced) and place == 0) for place, part in enumerate(document.flat)]


def _check_sizes(batch_tokens: int, max_length: int | None, min_length: int) -> None:
    if batch_tokens < 1:
        raise InputError(f"batch_tokens: at least 1 expected, not {batch_tokens}")
    if max_length is not None and not 1 <= max_length <= MAX_LENGTH:
        raise InputError(f"max_length: 1 to {MAX_LENGTH} expected, not {max_length}")
    if not 0 <= min_length < MAX_LENGTH:
        raise InputError(f"min_length: 0 to {MAX_LENGTH - 1} expected, not {min_length}")
    if max_length is not None and min_length >= max_length:
        raise InputError(f"min_length {min_length} does not fit into max_length {max_length}")


def _check_together(
    way: Way | None, groups: int, channel: NoisyChannel | None, *, phrases: bool
) -> None:
    """Refuse what excludes each other; `phrases` says whether some must appear."""
    if way is not None and groups > 1:
        raise InputError(f"groups: {groups} are for the beam, not for another search")
    if way is not None and channel is not None:
        raise InputError("channel ranks what the beam finds; leave it or the other way out")
    if way is not None and phrases:
        raise InputError("must and glossary are for the beam: no other way of searching heeds them")
    if groups > 1 and phrases:
        raise InputError("must and glossary are for a beam of one group; leave them or groups out")
