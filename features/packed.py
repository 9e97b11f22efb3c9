"""A customer's rows in one block of memory, as kernels read them.

Cells are eight bytes each, column after column: whole numbers, floats by their bits, a
text by its number (below 0: missing). Whoever read rows into such a block keeps it with
the tables; of other rows a kernel makes one (`features.online.leaf_kernel`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.arrays import IntArray
from features.events import Columns


@dataclass(frozen=True, eq=False)
class BlockPlan:
    """How blocks of one maker lie: compared by identity, for they are few.

    Args:
        columns: the names of each table's columns, in their order.
        kinds: of the same columns: `i` whole numbers, `f` floats, `O` texts.
        words: the texts whose numbers are the same in every block.
    """

    columns: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class PackedRows:
    """The rows of some tables.

    Args:
        cells: of all tables.
        begins: by table the place of its first cell, and how many rows it has.
        texts: by number less the plan's words; all different from one another.
        plan: how the cells lie.
    """

    cells: IntArray
    begins: Mapping[str, tuple[int, int]]
    texts: Sequence[str]
    plan: BlockPlan


class PackedTables(dict[str, Columns]):
    """The tables of `Events`, with the block that their columns were read from.

    What is made of them, such as tables with another row, is another mapping and has
    no block.
    """

    __slots__ = ("packed",)

    def __init__(self, tables: Mapping[str, Columns], packed: PackedRows) -> None:
        super().__init__(tables)
        self.packed = packed
