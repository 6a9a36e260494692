"""The object store, in S3 or in a folder, and Amazon SQS; the only users of boto3."""
