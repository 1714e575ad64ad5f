"""Drives `bomvet mcp` with the official Python SDK: client.py BOMVET ROOT DB TARGET OUTSIDE

Prints one JSON object: tools, and what each call gave. Works with SDK 1.x and 2.x.
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def field(value, *names):
    """The first of some spellings that the value has."""
    for name in names:
        if hasattr(value, name):
            return getattr(value, name)
    raise AttributeError(names[0])


async def main(bomvet, root, db, target, outside):
    server = StdioServerParameters(command=bomvet, args=["mcp", "--root", root, "--db", db, "--offline"])
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools

            async def call(name, **arguments):
                result = await session.call_tool(name, arguments)
                return {
                    "error": field(result, "is_error", "isError"),
                    "value": field(result, "structured_content", "structuredContent"),
                    "text": [block.text for block in result.content],
                }

            print(json.dumps({
                "tools": sorted(tool.name for tool in tools),
                "check": await call("check", target=target),
                "outside": await call("check", target=outside),
                "policy": await call("policy"),
                "alternatives": await call("alternatives", package="left-pad"),
            }))


asyncio.run(main(*sys.argv[1:]))
