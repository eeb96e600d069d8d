// Sends the answer on its way (OAuth 2.0 Form Post Response Mode). A field may be named `submit`, so the form's own method is not to be trusted.
HTMLFormElement.prototype.submit.call(document.getElementById("form-post-form"));
