"""What a page is made of besides its data: style and script."""
