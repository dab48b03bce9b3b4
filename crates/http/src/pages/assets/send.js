// Sends the one form of a page that is there to be sent on. Without it, its button does.
document.querySelector("form").submit();
