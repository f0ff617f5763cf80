"""Small plots as SVG, readable in both themes: lines over a logarithmic x axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 220, 40, 46
HUES = (170, 30, 220, 330, 90, 270, 0, 200, 50, 300, 140, 250)

Points = Sequence[tuple[float, float]]


def lines(title: str, series: Mapping[str, Points], x: str, y: str) -> str:
    """A plot of each series by name; x and y say what the axes are."""
    xs = [each for points in series.values() for each, _ in points]
    top = _ceiling(max(each for points in series.values() for _, each in points))
    low, high = math.log10(min(xs)), math.log10(max(xs))

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((math.log10(value) - low) / ((high - low) or 1))

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [_text(LEFT, 22, title, "start", 15)]
    for step in range(5):
        value = top * step / 4
        parts.append(f'<path d="M{LEFT} {up(value):.1f}H{WIDTH - RIGHT}" stroke="#8886" fill="none"/>')
        parts.append(_text(LEFT - 8, up(value) + 4, f"{value:g}", "end"))
    parts += [_text(across(each), HEIGHT - BOTTOM + 18, f"{each:,.0f}", "middle") for each in sorted(set(xs))]
    parts += [_text(LEFT, HEIGHT - 8, x, "start"), _text(LEFT - 8, TOP - 6, y, "end")]
    for number, (name, points) in enumerate(series.items()):
        colour = f"hsl({HUES[number % len(HUES)]} 60% 45%)"
        way = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in points)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        row = TOP + 8 + number * 17
        parts.append(f'<path d="M{WIDTH - RIGHT + 16} {row}h16" stroke="{colour}" stroke-width="3"/>')
        parts.append(_text(WIDTH - RIGHT + 38, row + 4, name, "start"))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif">\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str, size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#777">{escape(text)}</text>'


def _ceiling(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten."""
    power = 10 ** math.floor(math.log10(value or 1))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)
