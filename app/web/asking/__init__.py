"""The routes by which a paper is asked: questions, streams of events, and how they are stopped."""
