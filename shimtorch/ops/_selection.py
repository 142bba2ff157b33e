"""The order in which the C++ library of PyTorch's Linux builds leaves equal elements.

``sort`` without ``stable`` and ``topk`` put elements that are equal into an order of their own, which follows from
the algorithms (introsort, introselect, heap select) and not from the values. Each function here takes the ranks of the
elements, of which lower ones come first, and returns positions. Called only where ranks repeat.
"""

from __future__ import annotations

_SHORT = 16  # what is no longer than this is sorted by insertion


class Row:
    """Elements on their way into order: their ranks, and where each was."""

    __slots__ = ("places", "ranks")

    def __init__(self, ranks: list[int]) -> None:
        self.ranks = ranks
        self.places = list(range(len(ranks)))

    def swap(self, i: int, j: int) -> None:
        ranks, places = self.ranks, self.places
        ranks[i], ranks[j] = ranks[j], ranks[i]
        places[i], places[j] = places[j], places[i]

    # --- partitions ---------------------------------------------------------------------------------------------

    def cut(self, first: int, last: int) -> int:
        """Where the part from ``first`` falls into two, after its pivot, a median of three, has been brought there."""
        ranks = self.ranks
        one, middle, end = first + 1, first + (last - first) // 2, last - 1
        a, b, c = ranks[one], ranks[middle], ranks[end]
        if b <= a:
            median = one if a < c else end if b < c else middle
        elif b < c:
            median = middle
        else:
            median = end if a < c else one
        self.swap(first, median)
        pivot, low, high = ranks[first], first + 1, last
        while True:
            while ranks[low] < pivot:
                low += 1
            high -= 1
            while pivot < ranks[high]:
                high -= 1
            if low >= high:
                return low
            self.swap(low, high)
            low += 1

    def insert(self, first: int, last: int) -> None:
        """Sort by insertion, which leaves equal elements as they are."""
        ranks, places = self.ranks, self.places
        for i in range(first + 1, last):
            rank, place, j = ranks[i], places[i], i
            while j > first and rank < ranks[j - 1]:
                ranks[j], places[j] = ranks[j - 1], places[j - 1]
                j -= 1
            ranks[j], places[j] = rank, place

    # --- heaps --------------------------------------------------------------------------------------------------

    def sift(self, first: int, hole: int, length: int, rank: int, place: int) -> None:
        """Put an element into the heap of ``length`` at ``first``, whose place ``hole`` is free."""
        ranks, places = self.ranks, self.places
        top = child = hole
        while child < (length - 1) // 2:
            child = 2 * (child + 1)
            if ranks[first + child] < ranks[first + child - 1]:
                child -= 1
            ranks[first + hole], places[first + hole] = ranks[first + child], places[first + child]
            hole = child
        if length % 2 == 0 and child == (length - 2) // 2:
            child = 2 * child + 1
            ranks[first + hole], places[first + hole] = ranks[first + child], places[first + child]
            hole = child
        while hole > top:
            parent = (hole - 1) // 2
            if not ranks[first + parent] < rank:
                break
            ranks[first + hole], places[first + hole] = ranks[first + parent], places[first + parent]
            hole = parent
        ranks[first + hole], places[first + hole] = rank, place

    def pop(self, first: int, last: int, target: int) -> None:
        """Exchange the top of the heap for the element at ``target``."""
        ranks, places = self.ranks, self.places
        rank, place = ranks[target], places[target]
        ranks[target], places[target] = ranks[first], places[first]
        self.sift(first, 0, last - first, rank, place)

    def select_by_heap(self, first: int, middle: int, last: int) -> None:
        """Bring the lowest to the front of ``middle``, as a heap."""
        length = middle - first
        for parent in range((length - 2) // 2, -1, -1) if length > 1 else ():
            self.sift(first, parent, length, self.ranks[first + parent], self.places[first + parent])
        for i in range(middle, last):
            if self.ranks[i] < self.ranks[first]:
                self.pop(first, middle, i)

    def sort_lowest(self, first: int, middle: int, last: int) -> None:
        self.select_by_heap(first, middle, last)
        while middle - first > 1:
            middle -= 1
            self.pop(first, middle, middle)

    # --- the three algorithms -----------------------------------------------------------------------------------

    def sort(self, first: int, last: int) -> None:
        if first >= last:
            return
        parts = [(first, last, 2 * ((last - first).bit_length() - 1))]
        while parts:
            low, high, depth = parts.pop()
            while high - low > _SHORT:
                if depth == 0:
                    self.sort_lowest(low, high, high)
                    break
                depth -= 1
                middle = self.cut(low, high)
                parts.append((middle, high, depth))
                high = middle
        self.insert(first, last)

    def select(self, first: int, wanted: int, last: int) -> None:
        """Bring to ``wanted`` what belongs there, and nothing higher before it."""
        depth = 2 * ((last - first).bit_length() - 1)
        while last - first > 3:
            if depth == 0:
                self.select_by_heap(first, wanted + 1, last)
                self.swap(first, wanted)
                return
            depth -= 1
            middle = self.cut(first, last)
            if middle <= wanted:
                first = middle
            else:
                last = middle
        self.insert(first, last)


def sorted_places(ranks: list[int]) -> list[int]:
    """The positions of the elements in sorted order."""
    row = Row(ranks)
    row.sort(0, len(ranks))
    return row.places


def lowest_places(ranks: list[int], k: int, in_order: bool) -> list[int]:
    """The positions of the ``k`` lowest, at least one; not always ``in_order``."""
    row = Row(ranks)
    if k * 64 <= len(ranks):
        row.sort_lowest(0, k, len(ranks))
    else:
        row.select(0, k - 1, len(ranks))
        if in_order:
            row.sort(0, k - 1)
    return row.places[:k]
