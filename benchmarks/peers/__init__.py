"""Latimer beside other toolkits with recurrent networks."""
