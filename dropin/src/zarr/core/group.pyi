# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.metadata.group import ConsolidatedMetadata as ConsolidatedMetadata
from terrazzo.metadata.group import GroupMetadata as GroupMetadata
from terrazzo.nodes.async_group import AsyncGroup as AsyncGroup
from terrazzo.nodes.group import Group as Group
