"""Functions that zarr-python has in private modules and terrazzo does not need itself."""
