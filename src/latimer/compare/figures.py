"""Figures as tables write them."""

from __future__ import annotations

UNKNOWN = "–"


def score(value: float | None) -> str:
    """One decimal."""
    return UNKNOWN if value is None else minus(f"{value:.1f}")


def signed(value: float) -> str:
    """Two decimals, with a sign unless they are zero."""
    return minus(f"{value:+.2f}") if abs(value) >= 0.005 else "0.00"


def ratio(value: float) -> str:
    """Two decimals."""
    return f"{value:.2f}"


def quantity(value: float | None) -> str:
    """A measured quantity: three digits, thousands apart."""
    if value is None:
        return UNKNOWN
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 or value == 0 else f"{value:.2f}"


def p_value(value: float) -> str:
    """Three decimals, or that it is smaller."""
    return "<.001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1)


def minus(text: str) -> str:
    """A hyphen as a minus sign."""
    return text.replace("-", "−")
