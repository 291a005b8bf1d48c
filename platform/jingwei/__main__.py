"""`python -m jingwei`"""

from jingwei.cli import main

main()
