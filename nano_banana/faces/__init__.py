"""People in pictures: faces, landmarks, masks; found on this machine only."""
