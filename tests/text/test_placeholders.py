import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latimer.text.vocabulary.placeholders import MAX_SLOTS, mask, mask_target, slot, unmask

FRAGMENTS = st.sampled_from(
    [
        *("{name}", "{0}", "{}", "{{x}}", "%s", "%%", "%1", "%12", "%(n)s", "%1$s", "${x}", "$x"),
        *("<b>", "</b>", '<ph id="1"/>', '<a href="⟦0⟧">', "&lt;", "[%key:a::b%]", "`a`"),
        *("http://x.de/y.", "⟦", "⟧", "⟦0⟧", "⟦15⟧", "⟦16⟧", "⟦⟦0⟧", "0", " ", "  ", "{", "}"),
        *("%", "<", ">", "a", "ß"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=60).map("".join))


@given(TEXTS)
@example("⟦{a}0⟧")
@example("".join(f"{{{k}}}" for k in range(40)) + "⟦3⟧")
def test_unmask_undoes_mask(text: str) -> None:
    masked, table = mask(text)
    assert unmask(masked, table) == text
    assert len(table) == len(set(table)) <= MAX_SLOTS
    assert all(slot(k) in masked for k in range(len(table)))


@given(TEXTS, TEXTS)
@example("{a}", "⟦3⟧{a}⟦0⟧")
def test_unmask_undoes_mask_target(source: str, target: str) -> None:
    _, table = mask(source)
    assert unmask(mask_target(target, table), table) == target


@pytest.mark.parametrize(
    ("text", "masked", "table"),
    [
        ("Hello {name}!", "Hello ⟦0⟧!", ["{name}"]),
        ("{0} of {1}, {0}", "⟦0⟧ of ⟦1⟧, ⟦0⟧", ["{0}", "{1}"]),
        ("{a}{b}x{a}", "⟦0⟧⟦1⟧x⟦0⟧", ["{a}", "{b}"]),
        ("{{ states }} is {}", "⟦0⟧ is ⟦1⟧", ["{{ states }}", "{}"]),
        ("%s, %d and %(count)s", "⟦0⟧, ⟦1⟧ and ⟦2⟧", ["%s", "%d", "%(count)s"]),
        (
            "%1$s %2$d %1 %2 %n %L1",
            "⟦0⟧ ⟦1⟧ ⟦2⟧ ⟦3⟧ ⟦4⟧ ⟦5⟧",
            ["%1$s", "%2$d", "%1", "%2", "%n", "%L1"],
        ),
        ("100%% of %s", "100⟦0⟧ of ⟦1⟧", ["%%", "%s"]),
        ("%%s is no %s", "⟦0⟧s is no ⟦1⟧", ["%%", "%s"]),
        ("50% of 20 % sure", "50% of 20 % sure", []),
        ("%5.2f %-10s %lu %02d", "⟦0⟧ ⟦1⟧ ⟦2⟧ ⟦3⟧", ["%5.2f", "%-10s", "%lu", "%02d"]),
        ("${x} $name costs $5", "⟦0⟧ ⟦1⟧ costs $5", ["${x}", "$name"]),
        ("%PRODUCTNAME and $[office]", "⟦0⟧ and ⟦1⟧", ["%PRODUCTNAME", "$[office]"]),
        ("<b>bold</b>", "⟦0⟧bold⟦1⟧", ["<b>", "</b>"]),
        ('<ph id="1"/><a href="x y">', "⟦0⟧⟦1⟧", ['<ph id="1"/>', '<a href="x y">']),
        ("a < b > c, <your own key>", "a < b > c, <your own key>", []),
        ("[%key:common::yes%]", "⟦0⟧", ["[%key:common::yes%]"]),
        ("fish &amp; chips & AT&T; &#39;", "fish ⟦0⟧ chips & AT&T; ⟦1⟧", ["&amp;", "&#39;"]),
        ("See https://a.de/b?c=d.", "See ⟦0⟧.", ["https://a.de/b?c=d"]),
        ("[here](https://a.de/b)", "[here](⟦0⟧)", ["https://a.de/b"]),
        ("set `value` to `{x}`", "set ⟦0⟧ to `⟦1⟧`", ["`value`", "{x}"]),
        (
            "{n, number} {n, plural, one {# file} other {# files}}",
            "⟦0⟧ {n, plural, one {# file} other {# files}}",
            ["{n, number}"],
        ),
        ("a literal ⟦0⟧", "a literal ⟦⟦0⟧", []),
    ],
)
def test_mask(text: str, masked: str, table: list[str]) -> None:
    assert mask(text) == (masked, table)


def test_the_target_shares_the_slots_of_its_source() -> None:
    _, table = mask("{count} of <b>{name}</b>, %1 and %10")
    assert mask_target("<b>{name}</b>: {count} {other} %10 %1", table) == (
        "⟦1⟧⟦2⟧⟦3⟧: ⟦0⟧ {other} ⟦5⟧ ⟦4⟧"
    )


def test_more_placeholders_than_slots_stay_as_text() -> None:
    masked, table = mask(" ".join(f"{{p{k}}}" for k in range(MAX_SLOTS + 2)))
    assert masked.endswith(f"{slot(MAX_SLOTS - 1)} {{p16}} {{p17}}")
    assert len(table) == MAX_SLOTS


def test_slots_that_a_model_invents_vanish() -> None:
    assert unmask("a ⟦0⟧ b ⟦9⟧c", ["{x}"]) == "a {x} b c"
