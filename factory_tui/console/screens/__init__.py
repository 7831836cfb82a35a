"""One module a screen; a screen owns what its children show and what their keys mean."""
