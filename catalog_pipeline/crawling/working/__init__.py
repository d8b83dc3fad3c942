"""working"""
