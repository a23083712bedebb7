"""Runs snippets as one program in which `await` may stand at the top level, as at the prompt of `python -m asyncio`.

Started in a process of its own with the file to run. The program is a module of the file's name, so its tasks are
called as a worker would call them.
"""

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from types import ModuleType

path = Path(sys.argv[1])
module = ModuleType(path.stem)
module.__file__ = str(path)
sys.modules[path.stem] = module
sys.path.insert(0, str(path.parent))
code = compile(path.read_text(encoding="utf-8"), str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
if code.co_flags & inspect.CO_COROUTINE:
    asyncio.run(eval(code, vars(module)))
else:
    exec(code, vars(module))
