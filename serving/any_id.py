"""The addresses of one customer, whose id may hold slashes and line breaks."""

from starlette.convertors import StringConvertor, register_url_convertor


class _AnyConvertor(StringConvertor):
    regex = "(?s:.+)"


register_url_convertor("any", _AnyConvertor())
OF_CUSTOMER = "/v1/customers/{customer_id:any}"
