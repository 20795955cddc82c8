"""Articles with the events that they tell, how well they were grouped, and streams of many."""
