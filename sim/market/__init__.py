"""Where the kernels meet the state: demand, costs and prices of a quarter."""
