"""WeCom, where staff are all day: cards in their groups, and the app in which they take tickets."""
