"""How a measured figure is said beside its target."""

from __future__ import annotations


def at_least(value: float, target: float, unit: str = "") -> str:
    """``0.55 (target ≥ 0.50: reached)``"""
    return _said(value, "≥", target, unit, reached=value >= target)


def at_most(value: float, target: float, unit: str = "") -> str:
    """``85.2 kB (target ≤ 100 kB: reached)``"""
    return _said(value, "≤", target, unit, reached=value <= target)


def _said(value: float, sign: str, target: float, unit: str, *, reached: bool) -> str:
    unit = f" {unit}" if unit else ""
    return f"{value:.2f}{unit} (target {sign} {target:g}{unit}: {'reached' if reached else 'NOT REACHED'})"
