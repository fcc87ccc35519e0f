"""Look at data sets, probe and subset them."""
