"""The layers that every request passes before it reaches a route, in plain ASGI: identity, limits, access, headers.

Routes and their answers do not belong here.
"""
