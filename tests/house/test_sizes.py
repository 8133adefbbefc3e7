"""Small files, small functions."""

import ast

import pytest

from tests.house.source import FILES, NAMES, tree_of

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60
"""Of its body; a signature and a docstring are as long as they must be."""

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)


@each_file
def test_a_file_is_short_enough_to_be_read(path):
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES_OF_A_FILE


@each_file
def test_a_function_is_short_enough_to_be_understood(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= MOST_LINES_OF_A_FUNCTION, node.name


@each_file
def test_a_module_says_what_lives_in_it(path):
    docstring = ast.get_docstring(tree_of(path))
    assert docstring
    assert docstring.splitlines()[0].strip()
