"""Word alignment: IBM models 1 and 2, HMM, and both directions made one."""
