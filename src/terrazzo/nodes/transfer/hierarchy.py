"""Copying arrays and groups: elements first, then what makes nodes of them.

The document of an array is written when all of its chunks are there, and that of a group after those of everything
below it. So whatever can be opened is finished, at every moment, and after an interruption anywhere. What is done is
written down in a journal (`journal`) beside the copy, which the same call takes up again. Several processes that make
the same copy at once write the same values; who is done first opens it, and the others come to the same end.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from functools import partial

from terrazzo.abc.store import DOCUMENTS
from terrazzo.buffer import default_buffer_prototype
from terrazzo.errors import GroupNotFoundError, context
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.consolidated import consolidate_at
from terrazzo.nodes.copies import COPIES_V2, changing
from terrazzo.nodes.locate import (
    DOCUMENT,
    V2_DOCUMENTS,
    Seen,
    change_attributes,
    create_ancestor,
    read_node,
    read_node_and,
    save_documents,
)
from terrazzo.nodes.stored import stored_chunks
from terrazzo.nodes.transfer.array import DEFAULT_MEMORY, ArrayTransfer
from terrazzo.nodes.transfer.carry import WorkItem, carry, carry_in_worker, units_of
from terrazzo.nodes.transfer.journal import CLEARING, COPYING
from terrazzo.nodes.transfer.options import Copied, CopyOptions, last_line, log_of
from terrazzo.nodes.transfer.plan import Ends, NodeCopy, Plan, make_plan
from terrazzo.nodes.transfer.progress import progress_of
from terrazzo.pipeline.cache import forget_below
from terrazzo.runtime import driven_inline, map_concurrent, operation
from terrazzo.runtime.executors import map_in_executor
from terrazzo.runtime.tally import Tally
from terrazzo.settings import current_options
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["copy_nodes"]

SUBMITTED_AT_ONCE = 64
"""Work items that an executor has at once, at most: enough for many workers, and few to wait for after an error."""
ITEM_BYTES = 16 << 20
"""Bytes of elements of which one work item is made, at least, where units are small."""
MOST_UNITS = 256


@operation
async def copy_nodes(ends: Ends, options: CopyOptions, *, into: bool = False) -> Copied:
    """Copy a node, with everything below it, to a place; see ``terrazzo.copy``.

    Parameters
    ----------
    into
        Whether only the members of a group are copied, into the group at the target.
    """
    plan = await make_plan(ends, options, into=into)
    counted = [node for node in plan.nodes if node.path or not into]
    skipped = sum(node.action == "skip" for node in counted)
    with log_of(options.log) as log:
        for node in counted:
            log(_line(node, options))
        nbytes = sum(node.transfer.nbytes for node in plan.nodes if node.transfer is not None)
        done = Copied(len(counted) - skipped, skipped, 0 if options.dry_run else nbytes)
        if not options.dry_run and done.copied + into:
            with progress_of(options.progress, nbytes, f"copy to {ends.target}") as tally:
                await _carry_out(plan, options, tally)
        log(last_line(done, options.dry_run))
    return done


def _line(node: NodeCopy, options: CopyOptions) -> str:
    """What the log says of a node; of a dry run also how it would be copied."""
    transfer = node.transfer
    if not options.dry_run or transfer is None or transfer.is_raw:
        return str(node)
    return f"{node} in {transfer.boxes.count} steps, each chunk read {transfer.reads:.3g} times"


async def _carry_out(plan: Plan, options: CopyOptions, tally: Tally) -> None:
    journal, target = plan.journal, plan.ends.target
    async with changing(target, plan.zarr_format):
        await _begin(plan)
        await _copy_arrays(plan, options, tally)
        await _sweep(plan)
        for ancestor in plan.missing:
            await create_ancestor(ancestor, plan.zarr_format)
        await _publish_groups(plan)
    if plan.consolidates and plan.nodes[0].action != "merge" and target.store.supports_consolidated_metadata:
        await consolidate_at(target, plan.zarr_format)
    await journal.close()


async def _begin(plan: Plan) -> None:
    """Write the journal, and take away the documents of what is replaced; its values are swept up in the end."""
    journal = plan.journal
    replaced = [node for node in plan.nodes if node.action == "replace"]
    paths = [node.path for node in replaced]
    for path in paths:
        journal.forget(path)
    if not plan.resumes or not set(paths) <= set(journal.replaced):  # or somebody has made a node meanwhile
        journal.replaced += [path for path in paths if path not in journal.replaced]
        journal.phase = CLEARING if replaced else COPYING
        await journal.save()
    store = plan.ends.target.store

    async def delete(key: str) -> None:
        with context("while deleting the document", key, store):
            await store.delete(key)

    names = (DOCUMENT, *V2_DOCUMENTS, COPIES_V2)
    keys = [node.target.prefix + name for node in replaced for name in names]
    await map_concurrent(delete, keys, concurrency=current_options().concurrency)
    if journal.phase == CLEARING:
        journal.phase = COPYING
        await journal.save()


# -- arrays


async def _copy_arrays(plan: Plan, options: CopyOptions, tally: Tally) -> None:
    pairs = [(node, node.transfer) for node in plan.nodes if node.transfer is not None]
    at_once = 1 if driven_inline() else current_options().concurrency

    async def find(pair: tuple[NodeCopy, ArrayTransfer]) -> _Work:
        node, transfer = pair
        done = plan.journal.done(node.path, [transfer.boxes.count, *transfer.box])
        numbers = [number for number in await units_of(transfer) if number not in done]
        return _Work(plan, node, transfer, numbers, tally)

    works = await map_concurrent(find, pairs, concurrency=at_once)
    if options.executor is not None:
        for work in works:
            if not work.left:
                await work.finish()
        items = itertools.chain.from_iterable(work.items(position) for position, work in enumerate(works))
        note = partial(_note, works)
        try:
            await map_in_executor(options.executor, carry_in_worker, items, note, at_once=SUBMITTED_AT_ONCE)
        finally:  # what other processes have written is still kept here as it was
            target = plan.ends.target
            forget_below(target.store.lock_identity, target.prefix)
        return
    limit = DEFAULT_MEMORY if options.max_memory is None else options.max_memory
    width = max(1, min(len(works), at_once))
    small = [work for work in works if work.transfer.unit_bytes * width <= limit]
    await map_concurrent(lambda work: work.carry(limit // width), small, concurrency=width)
    for work in works:
        if work not in small:
            await work.carry(options.max_memory)


class _Work:
    """What is left to be done for one array.

    Attributes
    ----------
    left
        How many units are not done.
    """

    def __init__(self, plan: Plan, node: NodeCopy, transfer: ArrayTransfer, numbers: list[int], tally: Tally) -> None:
        self.plan = plan
        self.node = node
        self.transfer = transfer
        self.numbers = numbers
        self.left = len(numbers)
        self._tally = tally
        self._share = transfer.nbytes // (len(numbers) + 1)
        self._rest = transfer.nbytes - self._share * len(numbers)

    async def carry(self, max_memory: int | None) -> None:
        """Copy all units here, and make the array."""

        async def done(number: int) -> None:
            await self.note((number,))

        if self.numbers:
            await carry(self.transfer, self.numbers, max_memory, done)
        await self.finish()

    async def note(self, numbers: tuple[int, ...]) -> None:
        """Note that units are done."""
        self.left -= len(numbers)
        self._tally.add(self._share * len(numbers))
        await self.plan.journal.note(self.node.path, numbers)

    async def finish(self) -> None:
        """Make the array, whose elements are all there."""
        await _publish(self.plan, self.node)
        self._tally.add(self._rest)

    def items(self, position: int) -> Iterator[WorkItem]:
        """Work items for an executor."""
        count = max(1, min(MOST_UNITS, ITEM_BYTES // max(1, self.transfer.unit_bytes)))
        for start in range(0, len(self.numbers), count):
            yield position, self.transfer, tuple(self.numbers[start : start + count])


async def _note(works: list[_Work], item: WorkItem, numbers: tuple[int, ...]) -> None:
    work = works[item[0]]
    await work.note(numbers)
    if not work.left:
        await work.finish()


# -- documents


async def _read_group(place: StorePath, zarr_format: ZarrFormat, seen: Seen) -> GroupMetadata:
    """The metadata of a group that is there, without copies of documents below it."""
    current, _ = await read_node_and(place, zarr_format, seen=seen)
    if not isinstance(current, GroupMetadata):
        raise GroupNotFoundError(f"there is no group at {place} any more")
    return current.with_consolidated(None)


async def _publish_groups(plan: Plan) -> None:
    """Make the groups, the deepest first and those of one depth together."""
    levels: dict[int, list[NodeCopy]] = {}
    for node in plan.nodes:
        if isinstance(node.new, GroupMetadata):
            levels.setdefault(node.path.count("/") + 1 if node.path else 0, []).append(node)
    at_once = 1 if driven_inline() else current_options().concurrency
    for depth in sorted(levels, reverse=True):
        await map_concurrent(partial(_publish, plan), levels[depth], concurrency=at_once)


async def _publish(plan: Plan, node: NodeCopy) -> None:
    """Write the documents of a node, whose contents are all there."""
    place, zarr_format = node.target, plan.zarr_format
    above = [other.target for other in plan.nodes if other.action == "merge" and _is_above(other.path, node.path)]
    async with place.store.lock(place.prefix + DOCUMENT), changing(place, zarr_format, above):
        if node.action == "merge":
            current = await read_node(place, zarr_format)
            if isinstance(current, GroupMetadata):
                if node.new.attributes:
                    added = node.new.attributes
                    await change_attributes(
                        place, partial(_read_group, place, zarr_format), lambda attributes: {**attributes, **added}
                    )
                return
        await save_documents(place, node.new.to_buffer_dict(default_buffer_prototype()))


def _is_above(path: str, other: str) -> bool:
    return path != other and (not path or other.startswith(f"{path}/"))


async def _sweep(plan: Plan) -> None:
    """Delete what is left of nodes that are replaced, and is not of those that are made."""
    concurrency = current_options().concurrency

    async def sweep(path: str) -> None:
        place = plan.ends.target / path
        store = place.store
        kept = {key async for key in _keys_of(plan, path)}
        with context("while deleting the rest of what is replaced below", place.path, store):
            left = {key async for key in store.list_prefix(place.prefix) if key not in kept}
            documents = {key for key in left if key.rpartition("/")[2] in DOCUMENTS}  # first, as wherever nodes go
            await map_concurrent(store.delete, documents, concurrency=concurrency)
            await map_concurrent(store.delete, left - documents, concurrency=concurrency)

    if plan.ends.target.store.supports_listing:
        at_once = 1 if driven_inline() else concurrency
        await map_concurrent(sweep, plan.journal.replaced, concurrency=at_once)


async def _keys_of(plan: Plan, above: str) -> AsyncIterator[str]:
    """The keys of all copies at and below a path."""
    yield plan.journal.key
    for node in plan.nodes:
        if node.path != above and not _is_above(above, node.path):
            continue
        for name in node.new.to_buffer_dict(default_buffer_prototype()):
            yield node.target.prefix + name
        if node.transfer is not None:
            async for _, key in stored_chunks(node.transfer.target._io, node.target):
                yield key
