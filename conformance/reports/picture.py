"""Where the nodes and edges of a computation graph stand in a picture: what the template draws, in pixels.

The root is on top, the leaves are below what uses them. The places are those of grandalf's Sugiyama layout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grandalf.graphs import Edge, Vertex, graph_core
from grandalf.layouts import SugiyamaLayout
from rich.cells import cell_len

from conformance.reports.model import Node
from conformance.reports.visible import visible

_CHARACTER = 7.9  # wide, at 13 pixels, in the widest of the usual fixed-width fonts
_PADDING, _LINE, _MARGIN = 12.0, 18.0, 8.0
_BETWEEN_BOXES, _BETWEEN_LAYERS, _BETWEEN_PARALLELS = 18, 34, 14.0
_LONGEST_NAME = 48
_ROUNDS = 8  # of the search for fewer crossings

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """``x`` and ``y`` are its middle; ``shape`` is the text of its tensor's shape."""

    number: int
    name: str
    tensor: str
    shape: str
    leaf: bool
    differs: bool
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Arrow:
    """``path`` is what the "d" of an SVG path says; ``head`` is where it ends."""

    source: int
    target: int
    path: str
    head: Point
    differs: bool


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


class _View:
    """What grandalf asks about a box, and where it puts it."""

    def __init__(self, width: float, height: float) -> None:
        self.w, self.h = width, height
        self.xy = (0.0, 0.0)


class _Route:
    """What grandalf tells about an edge: the points it passes."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: list[Point]) -> None:
        self.points = points


def draw(nodes: Sequence[Node]) -> Picture:
    """The picture of a graph with at least one node, the first of which is the root."""
    texts = [_texts(node) for node in nodes]
    views = [_View(*_size(*text)) for text in texts]
    vertices = [Vertex(view) for view in views]
    for vertex, view in zip(vertices, views, strict=True):
        vertex.view = view
    edges = Counter(
        (source, target) for source, node in enumerate(nodes) for target, _ in node.edges if target is not None
    )
    routes = {pair: _Route() for pair in edges}
    _lay_out(vertices, routes)

    left = min(view.xy[0] - view.w / 2 for view in views) - _MARGIN
    top = min(view.xy[1] - view.h / 2 for view in views) - _MARGIN
    right = max(x for view in views for x in [view.xy[0] + view.w / 2]) + _MARGIN
    bottom = max(view.xy[1] + view.h / 2 for view in views) + _MARGIN
    for route in routes.values():
        left = min([left, *(x - _MARGIN for x, _ in route.points)])
        right = max([right, *(x + _MARGIN for x, _ in route.points)])

    boxes = [
        Box(
            number,
            *text,
            not node.edges and "Accumulate" in node.name,
            node.differs,
            view.xy[0] - left,
            view.xy[1] - top,
            view.w,
            view.h,
        )
        for number, (node, text, view) in enumerate(zip(nodes, texts, views, strict=True))
    ]
    arrows = []
    for (source, target), many in edges.items():
        between = [(x - left, y - top) for x, y in routes[source, target].points[1:-1]]
        for index in range(many):
            aside = (index - (many - 1) / 2) * _BETWEEN_PARALLELS
            arrows.append(_arrow(boxes[source], boxes[target], between, aside))
    return Picture(right - left, bottom - top, tuple(boxes), tuple(arrows))


def _texts(node: Node) -> tuple[str, str, str]:
    shape = "" if node.shape is None else f"[{', '.join(map(str, node.shape))}]" if node.shape else "scalar"
    name, tensor = (visible(text, _LONGEST_NAME) for text in (node.name, node.tensor or ""))
    return name.replace("\n", " "), tensor.replace("\n", " "), shape if tensor else ""


def _size(name: str, tensor: str, shape: str) -> Point:
    longest = max(cell_len(name), cell_len(f"{tensor} {shape}"))
    return longest * _CHARACTER + 2 * _PADDING, _LINE * (2 if tensor else 1) + _PADDING


def _lay_out(vertices: Sequence[Any], routes: dict[tuple[int, int], _Route]) -> None:
    """Give each vertex's view its place and each route its points."""
    edges = []
    for (source, target), route in routes.items():
        if source != target:
            edges.append(Edge(vertices[source], vertices[target]))
            edges[-1].view = route
    layout = SugiyamaLayout(graph_core(vertices, edges))
    layout.xspace, layout.yspace = _BETWEEN_BOXES, _BETWEEN_LAYERS
    layout.init_all(roots=[vertices[0]])
    layout.draw(_ROUNDS)


def _arrow(source: Box, target: Box, between: Sequence[Point], aside: float) -> Arrow:
    """From the lower end of one box to the upper end of the other, upright at each point it passes."""
    start = (source.x + aside, source.y + source.height / 2)
    end = (target.x + aside, target.y - target.height / 2)
    path = f"M{start[0]:.1f} {start[1]:.1f}"
    x, y = start
    for next_x, next_y in [*between, end]:
        middle = (y + next_y) / 2
        path += f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return Arrow(source.number, target.number, path, end, target.differs)
