"""Write weights in the forms of other libraries."""
