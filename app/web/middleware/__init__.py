"""What every request passes before it reaches a route, as plain ASGI: identity, limits, access, headers.

Routes and their answers do not belong here.
"""
